/**
 * A segment of a WAL with records of every size is damaged wherever it may be: every record that the damage does not touch
 * is kept, in its order and to the byte, and what is written anew reads as a segment without any damage.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileWindow } from '../bytes/file-window.ts';
import { readSegment } from '../head/wal-segment.ts';
import { ByteWriter } from '../write/byte-writer.ts';
import { SegmentWriter } from '../write/segment-writer.ts';
import { rewriteSegment } from './rewrite-segment.ts';

let directory = '';
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'holdfast-salvage-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a damaged segment', () => {
  test('keeps every record that the damage does not touch', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9000 })), {
      minLength: 3,
      maxLength: 60,
    });
    const damage = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 5000 }),
    });
    fc.assert(
      fc.property(sizes, damage, fc.boolean(), (given, { at, length }, isZero) => {
        const path = join(directory, 'segment');
        const records = write(path, given);
        const places = readRecords(path).map(({ offset }) => offset);
        const bytes = readFileSync(path);
        const from = Math.floor(at * (bytes.length - 1));
        const to = Math.min(bytes.length, from + length);
        for (let index = from; index < to; index += 1) bytes[index] = isZero ? 0 : (bytes[index] ?? 0) ^ 0xa5;
        writeFileSync(path, bytes);
        const kept = rewritten(path);
        expect(readRecords(join(directory, 'rewritten')).map(({ text }) => text)).toEqual(kept);
        // A record ends where the next one begins at the latest, padding of a page between them.
        const untouched = records.filter((_, index) => {
          const start = places[index] ?? 0;
          const end = places[index + 1] ?? bytes.length;
          return end <= from || start >= to;
        });
        // Damage may reach to the end of its page, where it looks like padding; behind that page nothing is lost.
        const behind = records.filter((_, index) => (places[index] ?? 0) >= Math.ceil(to / 32_768) * 32_768);
        const before = records.filter((_, index) => (places[index + 1] ?? bytes.length) <= from);
        expect(kept.filter((text) => before.includes(text))).toEqual(before);
        expect(kept.filter((text) => behind.includes(text))).toEqual(behind);
        if (!isZero) expect(kept.filter((text) => untouched.includes(text))).toEqual(untouched);
      }),
    );
  });

  test('that is whole is written as it was', () => {
    const path = join(directory, 'whole');
    const records = write(path, [5, 40_000, 7, 32_761, 32_754, 1, 70_000]);
    expect(rewritten(path)).toEqual(records);
    expect(readFileSync(join(directory, 'rewritten')).equals(readFileSync(path))).toBe(true);
  });
});

/** Records of a type that nothing is parsed of, each unlike all others. */
function write(path: string, sizes: readonly number[]): readonly string[] {
  rmSync(path, { force: true });
  const writer = new SegmentWriter(path);
  const records = sizes.map((size, index) => {
    const bytes = new ByteWriter().byte(4).be32(index);
    for (let at = 0; at < size; at += 1) bytes.byte((at * 31 + index * 17) % 256);
    return Buffer.from(bytes.written);
  });
  for (const bytes of records) writer.write({ compression: 'none', bytes });
  writer.finish();
  return records.map((bytes) => bytes.toString('latin1'));
}

function readRecords(path: string): readonly { readonly text: string; readonly offset: number }[] {
  const records: { readonly text: string; readonly offset: number }[] = [];
  reading(path, (file) => {
    const { damage } = readSegment(file, ({ bytes, offset }) => {
      records.push({ text: Buffer.from(bytes).toString('latin1'), offset });
    });
    expect(damage).toBe(null);
  });
  return records;
}

function rewritten(path: string): readonly string[] {
  const target = join(directory, 'rewritten');
  reading(path, (file) => rewriteSegment(file, target));
  return readRecords(target).map(({ text }) => text);
}

function reading(path: string, use: (file: FileWindow) => void): void {
  const descriptor = openSync(path, 'r');
  try {
    use(new FileWindow({ path, descriptor, sizeBytes: statSync(path).size, release: () => undefined }));
  } finally {
    closeSync(descriptor);
  }
}
