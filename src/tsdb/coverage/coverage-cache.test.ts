/**
 * The cache does not grow: what was used longest ago goes when there are too many files or bytes, never the one that has just
 * been written, and what a killed process left half-made goes after a day.
 */
import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CoverageCache } from './coverage-cache.ts';

const nowMs = Date.UTC(2026, 10, 24);
const dayMs = 86_400_000;
let home = '';

beforeEach(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'holdfast-coverage-cache-')), 'cache');
  await mkdir(home, { mode: 0o700 });
});

afterEach(async () => rm(join(home, '..'), { recursive: true }));

async function place(name: string, ageMs: number, sizeBytes = 0): Promise<void> {
  await writeFile(join(home, name), '');
  await truncate(join(home, name), sizeBytes);
  await utimes(join(home, name), (nowMs - ageMs) / 1000, (nowMs - ageMs) / 1000);
}

function write(): CoverageCache {
  const cache = new CoverageCache(home, '/data', nowMs);
  cache.write({ blocks: [], units: [] });
  expect(cache.notes).toEqual([]);
  return cache;
}

test('of more than a thousand files, the oldest go', async () => {
  for (let index = 0; index < 1001; index += 1) await place(`${index}.json`, index * 1000);
  write();
  const names = await readdir(home);
  expect(names).toHaveLength(1000);
  expect(names).toContain('998.json');
  expect(names).not.toContain('999.json');
});

test('of more than 128 MiB, the oldest go; what was just written stays, however old the others say they are', async () => {
  for (let index = 0; index < 5; index += 1) await place(`${index}.json`, -index * 1000 - dayMs * 400, 30 * 2 ** 20);
  const cache = write();
  expect((await readdir(home)).filter((name) => /^\d\.json$/.test(name)).sort()).toEqual([
    '1.json',
    '2.json',
    '3.json',
    '4.json',
  ]);
  expect(cache.read()).toEqual({ blocks: [], units: [] });
  expect(cache.notes).toEqual([]);
});

test('what is half-made goes after a day', async () => {
  await place('old.json.0123456789ab.tmp-for-creation', 2 * dayMs);
  await place('young.json.0123456789ab.tmp-for-creation', dayMs / 2);
  write();
  const halves = (await readdir(home)).filter((name) => name.endsWith('.tmp-for-creation'));
  expect(halves).toEqual(['young.json.0123456789ab.tmp-for-creation']);
});
