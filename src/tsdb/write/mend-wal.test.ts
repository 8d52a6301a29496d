import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { crc32c } from '../bytes/crc32c.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { listWal, readWal } from '../head/wal-directory.ts';
import { findBrokenSegments } from '../check/find-broken-segments.ts';
import { findLiveWalDamage, findWalFaults } from '../check/find-wal-faults.ts';
import { mendSegments } from './mend-wal.ts';

/*
 * Segments are laid out here as wlog.go does, where a write fails when a page of the record is full: the fragments that
 * were flushed stay, the record is given up, and the next one begins the next page.
 */
const pageBytes = 32_768;
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-mend-'));
  await mkdir(join(directory, 'wal'));
});
afterEach(async () => rm(directory, { recursive: true }));

interface Written {
  readonly fill: number;
  readonly length: number;
  /** How many fragments arrive before the disk is full; all where it is absent. */
  readonly cutAfter?: number;
}

function layOut(records: readonly Written[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  const append = (part: Buffer) => {
    parts.push(part);
    at += part.length;
  };
  for (const { fill, length, cutAfter = Infinity } of records) {
    let left = length;
    for (let index = 0; index < cutAfter && (index === 0 || left > 0); index += 1) {
      if (pageBytes - (at % pageBytes) < 7) append(Buffer.alloc(pageBytes - (at % pageBytes)));
      const size = Math.min(left, pageBytes - (at % pageBytes) - 7);
      left -= size;
      const type = index === 0 ? (left === 0 ? 1 : 2) : left === 0 ? 4 : 3;
      const content = Buffer.alloc(size, fill);
      const header = Buffer.alloc(7);
      header.writeUInt8(type, 0);
      header.writeUInt16BE(size, 1);
      header.writeUInt32BE(crc32c(content), 3);
      append(Buffer.concat([header, content]));
    }
  }
  return Buffer.concat(parts);
}

const write = (name: string, records: readonly Written[]) => writeFile(join(directory, 'wal', name), layOut(records));

/** The first byte of every record that is read, and what is said of what is not. */
function readAll() {
  const files = quietFiles(directory);
  const fills: number[] = [];
  const damage: string[] = [];
  readWal(files, listWal(files, 'wal'), {
    // A record of one byte is the mark of what was emptied.
    onRecord: ({ bytes }) => (bytes.length > 1 ? fills.push(bytes[0] ?? -1) : undefined),
    onDamage: (path, { message }) => damage.push(`${path}: ${message}`),
  });
  return { fills, damage };
}

async function mend() {
  const broken = await findBrokenSegments(directory);
  await mendSegments(directory, broken);
  return broken;
}

test('what will be mended is no damage of a WAL that is written to; what is damaged besides is', async () => {
  await write('00000000', [
    { fill: 1, length: 20_000 },
    { fill: 2, length: 30_000, cutAfter: 1 },
    { fill: 3, length: 30_000 },
    { fill: 4, length: 20_000 },
    { fill: 5, length: 90_000 },
  ]);
  expect((await findWalFaults(directory)).damage?.offset).toBe(pageBytes);
  expect(await findLiveWalDamage(directory)).toBeUndefined();
  const path = join(directory, 'wal', '00000000');
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(9, 40_000, 40_001));
  expect(await findLiveWalDamage(directory)).toMatchObject({ path: 'wal/00000000', offset: pageBytes });
  await writeFile(path, bytes.fill(3, 40_000, 40_001).subarray(0, bytes.length - 5));
  expect(await findLiveWalDamage(directory)).toBeUndefined();
});

test('what follows a record that was cut off is read again, and nothing else changes', async () => {
  await write('00000000', [
    { fill: 1, length: 20_000 },
    { fill: 2, length: 30_000, cutAfter: 1 },
    { fill: 3, length: 100 },
    { fill: 4, length: 150_000, cutAfter: 3 },
    { fill: 5, length: 90_000, cutAfter: 1 },
    { fill: 6, length: 90_000 },
  ]);
  await write('00000001', [{ fill: 7, length: 10 }]);
  expect(readAll()).toEqual({
    fills: [1],
    damage: ['wal/00000000: the fragments of a record do not fit together'],
  });
  const before = await readFile(join(directory, 'wal/00000000'));
  await link(join(directory, 'wal/00000000'), join(directory, 'kept'));
  const broken = await mend();
  expect(broken).toEqual([
    {
      path: 'wal/00000000',
      orphans: [
        { from: 20_007, to: pageBytes },
        // The second of them was cut off where the first had been, so that both are one stretch or two.
        { from: pageBytes + 107, to: 4 * pageBytes },
        { from: 4 * pageBytes, to: 5 * pageBytes },
      ],
    },
  ]);
  expect(readAll()).toEqual({ fills: [1, 3, 6, 7], damage: [] });
  expect(before.equals(await readFile(join(directory, 'kept')))).toBe(true);
  expect((await stat(join(directory, 'wal/00000000'))).size).toBe(before.length);
  expect(await findBrokenSegments(directory)).toEqual([]);
});

test('a record that is cut off at the end of a segment hides the next segments no more', async () => {
  await write('00000000', [
    { fill: 1, length: 100 },
    { fill: 2, length: 40_000, cutAfter: 1 },
  ]);
  await write('00000001', [{ fill: 3, length: 10 }]);
  await mend();
  expect(readAll()).toEqual({ fills: [1, 3], damage: [] });
});

test('a torn tail, a whole WAL and damage of another kind are left as they are', async () => {
  const whole = layOut([
    { fill: 1, length: 100_000 },
    { fill: 2, length: 32_754 },
    { fill: 3, length: 40_000 },
  ]);
  const flipped = Buffer.from(whole);
  flipped.writeUInt16BE(40_000, 1);
  const tornLater = whole.subarray(0, 2 * pageBytes);
  for (const bytes of [whole, tornLater, flipped, Buffer.alloc(0), Buffer.alloc(pageBytes), Buffer.from('nonsense')]) {
    await writeFile(join(directory, 'wal/00000000'), bytes);
    expect(await findBrokenSegments(directory)).toEqual([]);
  }
});

test('what an earlier try has left half-made is removed', async () => {
  await write('00000000', [
    { fill: 2, length: 40_000, cutAfter: 1 },
    { fill: 3, length: 10 },
  ]);
  await writeFile(join(directory, 'wal/00000000.0123456789ab.tmp-for-creation'), 'half');
  await mend();
  expect(await readdir(join(directory, 'wal'))).toEqual(['00000000']);
  expect(readAll()).toEqual({ fills: [3], damage: [] });
});

test('a data directory without a WAL has nothing to mend', async () => {
  await rm(join(directory, 'wal'), { recursive: true });
  expect(await mend()).toEqual([]);
});
