import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { quietFiles } from '../files/quiet-files.ts';
import { listWal, readWal } from '../head/wal-directory.ts';
import { recordTypes } from '../head/wal-records.ts';
import { ByteWriter } from './byte-writer.ts';
import { dropMarkers } from './drop-markers.ts';
import { SegmentWriter, type RawRecord } from './segment-writer.ts';

let directory = '';
const wbl = (name = '') => join(directory, 'wbl', name);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-markers-'));
  await mkdir(wbl());
});
afterEach(async () => rm(directory, { recursive: true }));

const plain = (bytes: Uint8Array): RawRecord => ({ compression: 'none', bytes: Uint8Array.from(bytes) });
const marker = (reference: number) =>
  plain(new ByteWriter().byte(recordTypes.mmapMarkers).be64(reference).be32(0).be32(0).written);
/** Of so many samples of one series. */
const samples = (count: number) => {
  const to = new ByteWriter().byte(recordTypes.samples).be64(1).be64(0);
  for (let at = 0; at < count; at += 1) to.varint(0).varint(at).be32(at).be32(0);
  return plain(to.written);
};
/** One literal: a length, and the bytes behind a tag that says how many there are. */
const inSnappy = ({ bytes }: RawRecord): RawRecord => ({
  compression: 'snappy',
  bytes: Uint8Array.from([bytes.length, (bytes.length - 1) << 2, ...bytes]),
});

function write(name: string, records: readonly RawRecord[]): void {
  const segment = new SegmentWriter(wbl(name));
  for (const record of records) segment.write(record);
  segment.finish();
}

/** The type and the length of every record. */
function readAll(): readonly (readonly [type: number, length: number])[] {
  const records: (readonly [number, number])[] = [];
  const files = quietFiles(directory);
  readWal(files, listWal(files, 'wbl'), {
    onRecord: ({ bytes }) => records.push([bytes[0] ?? 0, bytes.length]),
    onDamage: (path, { message }) => expect.fail(`${path}: ${message}`),
  });
  return records;
}

// Larger than a page.
const large = samples(5000);

test('leaves out markers, however they are compressed, and nothing else', async () => {
  write('00000003', [samples(2), marker(1), large, inSnappy(marker(2)), inSnappy(samples(2))]);
  write('00000004', [marker(3)]);
  write('00000005', [samples(7)]);
  const before = readAll();
  const untouched = await stat(wbl('00000005'));
  await dropMarkers(directory);
  expect(readAll()).toEqual(before.filter(([type]) => type !== recordTypes.mmapMarkers));
  expect(readAll()).toHaveLength(4);
  expect((await readdir(wbl())).sort()).toEqual(['00000003', '00000004', '00000005']);
  expect((await stat(wbl('00000005'))).ino).toBe(untouched.ino);
});

test('keeps the mode, and what has another name for the old segment', async () => {
  write('00000000', [samples(2), marker(1)]);
  await chmod(wbl('00000000'), 0o640);
  const before = await readFile(wbl('00000000'));
  const aside = join(directory, 'aside');
  await link(wbl('00000000'), aside);
  await dropMarkers(directory);
  expect((await stat(wbl('00000000'))).mode & 0o777).toBe(0o640);
  expect(await readFile(aside)).toEqual(before);
});

test('goes on where it was killed: between two segments, or within one', async () => {
  write('00000000', [samples(2)]);
  write('00000001', [samples(3), marker(1)]);
  await writeFile(wbl(`00000001.${'0'.repeat(12)}.tmp-for-creation`), 'half');
  await dropMarkers(directory);
  await dropMarkers(directory);
  expect(await readdir(wbl())).toEqual(['00000000', '00000001']);
  expect(readAll().map(([type]) => type)).toEqual([recordTypes.samples, recordTypes.samples]);
});

test('keeps what is whole of a segment that ends within a record', async () => {
  write('00000000', [samples(2), marker(1), large]);
  const bytes = await readFile(wbl('00000000'));
  await writeFile(wbl('00000000'), bytes.subarray(0, 40_000));
  await dropMarkers(directory);
  expect(readAll()).toEqual([[recordTypes.samples, samples(2).bytes.length]]);
});
