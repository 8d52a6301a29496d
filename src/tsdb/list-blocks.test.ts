import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasCode } from '../errors/holdfast-error.ts';
import { parseBlockMeta } from './block-meta.ts';
import { listTsdb } from './list-blocks.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-list-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const ulid = (letter: string): string => letter.repeat(26).replace(/^./, '0');

function metaOf(name: string, times: { readonly minTime: number; readonly maxTime: number }): string {
  return JSON.stringify({
    ulid: name,
    ...times,
    stats: { numSamples: 12, numSeries: 3, numChunks: 4, numFloatSamples: 12 },
    compaction: {
      level: 2,
      sources: [ulid('S')],
      parents: [{ ulid: ulid('P'), minTime: 0, maxTime: 1 }],
      hints: ['x'],
    },
    version: 1,
  });
}

async function makeBlock(name: string, meta: string | undefined): Promise<void> {
  await mkdir(join(directory, name, 'chunks'), { recursive: true });
  await writeFile(join(directory, name, 'chunks', '000001'), Buffer.alloc(1000));
  await writeFile(join(directory, name, 'index'), Buffer.alloc(200));
  await writeFile(join(directory, name, 'tombstones'), Buffer.alloc(9));
  await writeFile(join(directory, name, 'something-else'), Buffer.alloc(5000));
  if (meta !== undefined) await writeFile(join(directory, name, 'meta.json'), meta);
}

test('blocks are listed by time with what Prometheus counts of their size', async () => {
  const later = metaOf(ulid('A'), { minTime: 7_200_000, maxTime: 14_400_000 });
  await makeBlock(ulid('A'), later);
  await makeBlock(ulid('B'), metaOf(ulid('B'), { minTime: 0, maxTime: 7_200_000 }));
  await mkdir(join(directory, `${ulid('C')}.tmp-for-creation`));
  await mkdir(join(directory, 'wal', 'checkpoint.00000001'), { recursive: true });
  await writeFile(join(directory, 'wal', '00000002'), Buffer.alloc(300));
  await writeFile(join(directory, 'wal', 'checkpoint.00000001', '00000000'), Buffer.alloc(40));
  await mkdir(join(directory, 'wbl'));
  await writeFile(join(directory, 'wbl', '00000000'), Buffer.alloc(5));
  await mkdir(join(directory, 'chunks_head'));
  await writeFile(join(directory, 'chunks_head', '000001'), Buffer.alloc(70));
  const listing = await listTsdb(directory);
  expect(listing.blocks.map((block) => block.ulid)).toEqual([ulid('B'), ulid('A')]);
  expect(listing.blocks[1]).toEqual({
    ulid: ulid('A'),
    minTime: 7_200_000,
    maxTime: 14_400_000,
    series: 3,
    samples: 12,
    chunks: 4,
    level: 2,
    sources: [ulid('S')],
    parents: [ulid('P')],
    deletable: false,
    hints: ['x'],
    sizeBytes: 1209 + later.length,
  });
  expect(listing).toMatchObject({ walBytes: 345, headChunksBytes: 70, hasWal: true, broken: [] });
  expect(listing).toMatchObject({ oldestBlockMs: 0, newestBlockMs: 14_400_000 });
});

test('a block of late samples, which ends with the two hours that are being filled, does not say where the head begins', async () => {
  const late = metaOf(ulid('A'), { minTime: 7_200_000, maxTime: 14_400_000 });
  await makeBlock(ulid('A'), late.replace('["x"]', '["from-out-of-order"]'));
  expect((await listTsdb(directory)).newestBlockMs).toBeNull();
  await makeBlock(ulid('B'), metaOf(ulid('B'), { minTime: 0, maxTime: 7_200_000 }));
  expect((await listTsdb(directory)).newestBlockMs).toBe(7_200_000);
});

test('a block whose meta.json is missing, torn or another one is named as broken', async () => {
  await makeBlock(ulid('A'), undefined);
  await makeBlock(ulid('B'), metaOf(ulid('B'), { minTime: 0, maxTime: 1 }).slice(0, 50));
  await makeBlock(ulid('C'), metaOf(ulid('D'), { minTime: 0, maxTime: 1 }));
  await makeBlock(ulid('E'), metaOf(ulid('E'), { minTime: 2, maxTime: 1 }));
  await makeBlock(ulid('F'), undefined);
  await symlink('/etc/hostname', join(directory, ulid('F'), 'meta.json'));
  await makeBlock(ulid('G').toLowerCase(), metaOf(ulid('G'), { minTime: 0, maxTime: 1 }));
  const { blocks, broken } = await listTsdb(directory);
  expect(blocks).toEqual([]);
  const reasons = new Map(broken.map(({ name, reason }) => [name, reason]));
  expect(reasons.get(ulid('A'))).toBe('meta.json is missing');
  expect(reasons.get(ulid('B'))).toBe('meta.json is not JSON');
  expect(reasons.get(ulid('C'))).toBe(`meta.json names another block, ${ulid('D')}`);
  expect(reasons.get(ulid('E'))).toBe('meta.json ends before it begins');
  expect(reasons.get(ulid('F'))).toContain('cannot be read');
  expect(reasons.get(ulid('G').toLowerCase())).toContain(`rename ${ulid('G').toLowerCase()} to ${ulid('G')}`);
});

test('a FIFO in the place of meta.json is broken, and nobody waits for its writer', async () => {
  await makeBlock(ulid('A'), undefined);
  await promisify(execFile)('mkfifo', [join(directory, ulid('A'), 'meta.json')]);
  const { broken } = await listTsdb(directory);
  expect(broken).toEqual([{ name: ulid('A'), reason: 'meta.json is not a file' }]);
});

test('a symlink in the place of a block or of the WAL is not followed', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'holdfast-outside-'));
  await writeFile(join(outside, '00000000'), Buffer.alloc(100));
  await symlink(outside, join(directory, 'wal'));
  await symlink(outside, join(directory, ulid('A')));
  expect(await listTsdb(directory)).toMatchObject({ blocks: [], broken: [], walBytes: 0, hasWal: false });
  await rm(outside, { recursive: true });
});

test('a directory that cannot be read is an error that names it', async () => {
  const missing = join(directory, 'nowhere');
  const error: unknown = await listTsdb(missing).catch((thrown: unknown) => thrown);
  expect(hasCode(error, 'io') && error.message.includes(missing)).toBe(true);
});

test('blocks that Prometheus deletes while it looks are never broken ones', async () => {
  const letters = 'ABCDEFGHJKMNPQRSTVWXYZ'.split('');
  for (const letter of letters) await makeBlock(ulid(letter), metaOf(ulid(letter), { minTime: 0, maxTime: 1 }));
  const deleteAll = async (): Promise<void> => {
    for (const letter of letters.slice(1).reverse()) {
      await rename(join(directory, ulid(letter)), join(directory, `${ulid(letter)}.tmp-for-deletion`));
      await rm(join(directory, `${ulid(letter)}.tmp-for-deletion`), { recursive: true });
    }
  };
  let left = letters.length;
  const deleted = deleteAll().finally(() => {
    left = 1;
  });
  while (left > 1) expect((await listTsdb(directory)).broken).toEqual([]);
  await deleted;
  expect((await listTsdb(directory)).blocks).toHaveLength(1);
});

test('what is left out or null is zero, as Go reads it', () => {
  const text = `{"ulid":"${ulid('A')}","minTime":-5,"maxTime":0,"version":1,"stats":null,"compaction":{"level":null,"parents":null}}`;
  expect(parseBlockMeta(text, ulid('A'))).toEqual({
    ulid: ulid('A'),
    ...{ minTime: -5, maxTime: 0, series: 0, samples: 0, chunks: 0, level: 0 },
    ...{ sources: [], parents: [], deletable: false, hints: [] },
  });
});

test.each([
  ['"minTime":0', '"minTime":0.0'],
  ['"minTime":0', '"minTime":0e1'],
  ['"numSamples":12', '"numSamples":-0'],
  ['"numSamples":12', '"numSamples":9007199254740993'],
  ['"level":2', '"level":"2"'],
  ['"hints":["x"]', '"hints":["x"],"failed":1'],
  ['"numFloatSamples":12', '"numFloatSamples":1.5'],
  ['"version":1', '"version":1,"Version":1'],
  ['"level":2', '"level":2,"\\u017fources":[]'],
  ['"version":1', '"version":1,"stats":{"numSamples":1}'],
])('a block of which Go reads nothing, or something else, is none: %s as %s', (from, to) => {
  const text = metaOf(ulid('A'), { minTime: 0, maxTime: 1 });
  expect(text).toContain(from);
  expect(parseBlockMeta(text, ulid('A'))).not.toHaveProperty('reason');
  expect(parseBlockMeta(text.replace(from, to), ulid('A'))).toHaveProperty('reason');
});

test('a meta.json that is nested without end is words', () => {
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  expect(parseBlockMeta(deep, ulid('A'))).toHaveProperty('reason');
  expect(parseBlockMeta(`{"x":${deep}}`, ulid('A'))).toHaveProperty('reason');
});

test('hostile text is words and never an exception', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('{"__proto__":1}')), (text) => {
      expect(parseBlockMeta(text, ulid('A'))).toHaveProperty('reason');
    }),
  );
});
