/**
 * The cache is read as something that anybody may have written: whatever bytes of it change, it is none; and what bears
 * the right checksum but says what cannot be is none either.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCacheText, renderCacheText, type CachedBlocks } from './cache-text.ts';

const ulid = '01M87YS45C2PBNBAY2NNFN0ES2';
const run = { fromMs: 0, toMs: 7_185_000, samples: 480 };
const stream = { intervalMs: 15_000, cutMs: 60_000, runs: [run, { fromMs: 8_000_000, toMs: 8_000_000, samples: 1 }] };
const blocks: CachedBlocks = {
  blocks: [
    {
      ulid,
      meta: 'ab'.repeat(32),
      files: { 'chunks/000001': '1:2:3:4:5', index: '1:3:3:4:5', tombstones: null },
      sizeBytes: 1234,
      minTime: 0,
      maxTime: 7_200_000,
      parents: [],
      deletable: false,
      isInOrder: true,
    },
  ],
  units: [
    {
      of: [ulid],
      times: {
        all: stream,
        jobs: [
          { job: '', ...stream, intervalMs: null, down: [] },
          { job: 'ünit "x"\n', ...stream, down: [run] },
        ],
        hasMoreJobs: false,
      },
    },
  ],
};
const text = renderCacheText(blocks);

test('what was written is what is read', () => {
  expect(parseCacheText(text)).toEqual(blocks);
  expect(parseCacheText(renderCacheText({ blocks: [], units: [] }))).toEqual({ blocks: [], units: [] });
});

test('whatever is changed or cut off, it is none', () => {
  const bytes = Buffer.from(text);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ change;
      // The very last byte is a line feed that nothing depends on.
      if (at < bytes.length - 1) expect(parseCacheText(other.toString('utf8'))).toBeUndefined();
      if (at < bytes.length) expect(parseCacheText(bytes.subarray(0, at).toString('utf8'))).toBeUndefined();
    }),
  );
});

test.each<[string, string, string]>([
  ['a file outside of its block', '"index"', '"../index"'],
  ['a chunk file that is a directory above', '"chunks/000001"', '"chunks/.."'],
  ['a block that is none', `"ulid":"${ulid}"`, '"ulid":"../../etc"'],
  ['a time that is no number', '"minTime":0', '"minTime":"0"'],
  ['a stretch that ends before it begins', '[0,7185000,480', '[7185000,0,480'],
  ['stretches one on the other', '8000000,8000000,1', '7000000,8000000,1'],
  ['two thirds of a stretch', '8000000,8000000,1]', '8000000,8000000]'],
  ['a size below nothing', '"sizeBytes":1234', '"sizeBytes":-1'],
  ['jobs twice', '"job":"ünit', '"job":"","x":"'],
  ['an infinite count', '"sizeBytes":1234', '"sizeBytes":1e999'],
])('%s is not believed, although the checksum is right', (_, from, to) => {
  const body = text.slice(text.indexOf('\n') + 1, -1);
  expect(body).toContain(from);
  const changed = body.replace(from, to);
  const hash = createHash('sha256').update(changed).digest('hex');
  expect(parseCacheText(`holdfast-coverage 1 ${hash}\n${changed}\n`)).toBeUndefined();
});
