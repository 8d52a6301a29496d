/**
 * A WAL is damaged where Prometheus would delete what is whole: records behind the damage, or segments that hold any. What a
 * crash leaves at the end is none, nor is an empty segment that a start has made behind it before it was broken off.
 */
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeWal, type WalEntry } from '../../../test/harness/write-head.ts';
import { findWalFaults } from './find-wal-faults.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-wal-damage-'));
});
afterEach(async () => rm(directory, { recursive: true }));

const findDamage = async () => (await findWalFaults(directory)).damage;
const path = (...parts: readonly string[]) => join(directory, ...parts);
/** Three pages and more. */
const entries: readonly WalEntry[] = [
  { series: 1, labels: { __name__: 'one' } },
  ...Array.from({ length: 8000 }, (_, at): WalEntry => ({ samples: [[1, at * 1000, at]] })),
];
const place = (name: string, written = entries) => {
  writeWal(path('wal', name), written);
};
async function flip(name: string, offset: number): Promise<void> {
  const bytes = await readFile(path('wal', name));
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  await writeFile(path('wal', name), bytes);
}
/** A segment may end in zeros. */
async function endOf(name: string): Promise<number> {
  return (await readFile(path('wal', name))).findLastIndex((byte) => byte !== 0);
}
/** In the middle of its last record. */
async function tear(name: string): Promise<void> {
  await truncate(path('wal', name), (await endOf(name)) - 3);
}

test('what is whole, and what only ends too soon', async () => {
  expect(await findDamage()).toBeUndefined();
  place('00000000');
  place('00000001');
  expect(await findDamage()).toBeUndefined();
  await tear('00000001');
  expect(await findDamage()).toBeUndefined();
  await writeFile(path('wal', '00000002'), '');
  await writeFile(path('wal', '00000003'), Buffer.alloc(32_768));
  expect(await findDamage()).toBeUndefined();
});

test('a torn segment behind which another one holds a record', async () => {
  place('00000000');
  await tear('00000000');
  place('00000001', entries.slice(0, 1));
  const damage = await findDamage();
  expect(damage).toMatchObject({ path: 'wal/00000000', what: expect.stringContaining('are wanted of') as string });
  expect(damage?.behind).toBe('no whole record follows in this file, and 1 more file behind it');
});

test('a bad byte, with records behind it or none', async () => {
  place('00000000');
  await flip('00000000', 40_000);
  const damage = await findDamage();
  expect(damage?.path).toBe('wal/00000000');
  expect(damage?.behind).toMatch(/^from byte \d+ on \d+ whole records with \d+ samples can be read$/);
  await flip('00000000', 40_000);
  expect(await findDamage()).toBeUndefined();
  await flip('00000000', (await endOf('00000000')) - 3);
  expect(await findDamage()).toBeUndefined();
});

test('a record that was begun, and then only zeros, is passed over by Prometheus', async () => {
  const first = Buffer.alloc(7);
  first.writeUInt8(2, 0);
  place('00000000');
  await appendFile(path('wal', '00000000'), Buffer.concat([first, Buffer.alloc(4096)]));
  place('00000001');
  expect(await findDamage()).toBeUndefined();
});

test('a bad byte in the checkpoint, and in wbl/', async () => {
  writeWal(path('wal', 'checkpoint.00000003', '00000000'), entries);
  place('00000004');
  writeWal(path('wbl', '00000000'), entries);
  expect(await findDamage()).toBeUndefined();
  await flip('checkpoint.00000003/00000000', 70_000);
  expect((await findDamage())?.path).toBe('wal/checkpoint.00000003/00000000');
  await flip('checkpoint.00000003/00000000', 70_000);
  await flip('../wbl/00000000', 70_000);
  expect((await findDamage())?.path).toBe('wbl/00000000');
});

test('a torn end is told where wbl/ holds anything, and up to where it is whole', async () => {
  place('00000000');
  await tear('00000000');
  const { size } = await stat(path('wal', '00000000'));
  expect(await findWalFaults(directory)).toEqual({ damage: undefined, tornEnds: [] });
  writeWal(path('wbl', '00000000'), entries.slice(0, 2));
  const {
    damage,
    tornEnds: [tornEnd],
  } = await findWalFaults(directory);
  expect([damage, tornEnd?.path]).toEqual([undefined, 'wal/00000000']);
  expect(tornEnd?.wholeBytes).toBeLessThan(size);
  await truncate(path('wal', '00000000'), tornEnd?.wholeBytes);
  expect(await findWalFaults(directory)).toEqual({ damage: undefined, tornEnds: [] });
});
