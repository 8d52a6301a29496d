import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TsdbListing } from '../model/block.ts';
import type { Retention } from '../model/retention.ts';
import { findTestProgram, missing } from '../stack/find-test-program.ts';
import { makeTestBlocks, startTestPrometheus } from '../steps/test-prometheus.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import {
  blockRangeMs,
  blocksBeyondRetention,
  condemnedAt,
  effectiveRetention,
  judgeRetention,
  raiseForOutage,
  retentionBorderOf,
  retentionThatKeepsAll,
} from './retention.ts';
import { testBlock, testListing } from './test-listing.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** Twelve two-hour blocks from 0 to 24 h, of 1000 bytes each. */
const oneDay = testListing(
  Array.from({ length: 12 }, (_, index) =>
    testBlock(`b${index}`, { minTime: index * 2 * hour, maxTime: (index + 1) * 2 * hour }),
  ),
);
const ends = (blocks: readonly { readonly maxTime: number }[]): number[] =>
  blocks.map((block) => block.maxTime / hour).sort((a, b) => a - b);

describe('what Prometheus deletes at load', () => {
  test('a block exactly at the border is kept by 2.42 and deleted since 2.52', () => {
    const retention = { timeMs: 20 * hour, sizeBytes: 0 };
    expect(ends(blocksBeyondRetention(oneDay, retention, retentionBorderOf('2.42.0')))).toEqual([2]);
    expect(ends(blocksBeyondRetention(oneDay, retention, retentionBorderOf('3.14.0')))).toEqual([2, 4]);
  });

  test('size counts WAL and head chunks first, and a limit that is just reached keeps', () => {
    const listing = { ...oneDay, walBytes: 1500, headChunksBytes: 500 };
    expect(ends(blocksBeyondRetention(listing, { timeMs: 0, sizeBytes: 12_000 }))).toEqual([2, 4]);
    expect(blocksBeyondRetention(listing, { timeMs: 0, sizeBytes: 14_000 })).toEqual([]);
    expect(blocksBeyondRetention(listing, { timeMs: 0, sizeBytes: 1 })).toHaveLength(12);
  });

  test('zero is no limit, the newest block stays by time, and a deletable one goes', () => {
    expect(blocksBeyondRetention(oneDay, { timeMs: 0, sizeBytes: 0 })).toEqual([]);
    expect(blocksBeyondRetention(oneDay, { timeMs: 1, sizeBytes: 0 })).toHaveLength(11);
    const marked = testListing([testBlock('a'), testBlock('b', { deletable: true, maxTime: 8 * hour })]);
    expect(blocksBeyondRetention(marked, { timeMs: 0, sizeBytes: 0 }).map((block) => block.deletable)).toEqual([true]);
  });
});

const prometheus = findTestProgram('prometheus');
const promtool = findTestProgram('promtool');
const skip = missing(prometheus, 'prometheus') || missing(promtool, 'promtool');

test.skipIf(skip !== '')(`a real Prometheus deletes exactly these blocks${skip}`, { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-retention-'));
  try {
    const endMs = Math.floor(Date.now() / (2 * hour)) * 2 * hour - 4 * hour;
    await makeTestBlocks({ promtool: promtool ?? '', directory, endMs, hours: 36 });
    const data = join(directory, 'data');
    // Cut short step by step: by a time that is exactly at a block's border, by one a millisecond less, by size.
    const before = await listTsdb(data);
    const borderMs = (before.newestBlockMs ?? 0) - (before.blocks[4]?.maxTime ?? 0);
    const total = before.blocks.reduce((sum, block) => sum + block.sizeBytes, 0);
    const limits = [
      { timeMs: borderMs, sizeBytes: 0 },
      { timeMs: borderMs - 1, sizeBytes: 0 },
      { timeMs: 90 * day, sizeBytes: Math.round(total / 2) },
    ];
    const left: number[] = [];
    for (const retention of limits) {
      const listing = await listTsdb(data);
      const flags = [`--storage.tsdb.retention.time=${retention.timeMs}ms`];
      if (retention.sizeBytes > 0) flags.push(`--storage.tsdb.retention.size=${retention.sizeBytes}B`);
      const running = await startTestPrometheus({ program: prometheus ?? '', directory, flags });
      const version = await running.reader.version(new AbortController().signal);
      await running.stop();
      const gone = blocksBeyondRetention(listing, retention, retentionBorderOf(version)).map((block) => block.ulid);
      const kept = listing.blocks.map((block) => block.ulid).filter((ulid) => !gone.includes(ulid));
      expect((await listTsdb(data)).blocks.map((block) => block.ulid)).toEqual(kept);
      left.push(kept.length);
    }
    expect(new Set([before.blocks.length, ...left]).size).toBe(4);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

const retentionOf = (timeMs: number): Retention => ({ timeMs, sizeBytes: 0, raises: [] });

describe('an outage does not count', () => {
  test('three weeks on fifteen days: the raise keeps what would be gone hours after the start', () => {
    const newestMs = 100 * day;
    const nowMs = newestMs + 21 * day;
    const listing = testListing(
      Array.from({ length: 14 }, (_, index) =>
        testBlock(`d${index}`, { minTime: newestMs - (index + 1) * day, maxTime: newestMs - index * day }),
      ),
    );
    const asked = retentionOf(15 * day);
    const inForce = effectiveRetention(asked, newestMs);
    expect(judgeRetention({ listing, newestMs, inForce, next: inForce, nowMs }).condemned).toHaveLength(14);
    const raised = raiseForOutage(asked, { newestMs, nowMs });
    expect(effectiveRetention(raised)).toEqual({ timeMs: 36 * day, sizeBytes: 0 });
    const next = effectiveRetention(raised);
    expect(judgeRetention({ listing, newestMs, inForce, next, nowMs })).toEqual({ condemned: [], expired: [] });
  });

  test('under a minute is none; more is rounded up to a minute, and lengthened while no sample comes', () => {
    const asked = retentionOf(15 * day);
    expect(raiseForOutage(asked, { newestMs: 0, nowMs: 59_999 }).raises).toEqual([]);
    const once = raiseForOutage(asked, { newestMs: 1000, nowMs: 1000 + 61_000 });
    expect(once.raises).toEqual([{ fromMs: 1000, toMs: 121_000 }]);
    expect(raiseForOutage(once, { newestMs: 1000, nowMs: 1000 + 300_000 }).raises).toEqual([
      { fromMs: 1000, toMs: 301_000 },
    ]);
    expect(raiseForOutage(asked, { newestMs: null, nowMs: day })).toEqual(asked);
  });

  test('a raise is dropped once the blocks before it have lived their time, an outage in between not counted', () => {
    const first = { fromMs: 10 * day, toMs: 12 * day };
    const second = { fromMs: 13 * day, toMs: 17 * day };
    const retention = { timeMs: 5 * day, sizeBytes: 0, raises: [first, second] };
    const raisesAt = (newestMs: number) => raiseForOutage(retention, { newestMs, nowMs: newestMs }).raises;
    expect(raisesAt(21 * day - 1)).toEqual([first, second]);
    expect(raisesAt(21 * day)).toEqual([second]);
    expect(raisesAt(22 * day)).toEqual([]);
    expect(effectiveRetention(retention, 21 * day).timeMs).toBe(9 * day);
    expect(raiseForOutage({ ...retention, timeMs: 0 }, { newestMs: 18 * day, nowMs: 30 * day }).raises).toEqual([]);
  });
});

test('a lower retention condemns what the one in force keeps, and says apart what had expired', () => {
  const nowMs = 24 * hour + 10 * 60_000;
  const question = { listing: oneDay, newestMs: nowMs - 15_000, nowMs, inForce: { timeMs: 20 * hour, sizeBytes: 0 } };
  const judged = judgeRetention({ ...question, next: { timeMs: 10 * hour, sizeBytes: 0 } });
  // The next block ends at 26 h; at 20 hours' retention that condemns what ends at 6 h or before, at 10 hours' up to 16 h.
  expect(ends(judged.expired)).toEqual([2, 4, 6]);
  expect(ends(judged.condemned)).toEqual([8, 10, 12, 14, 16]);
  const small = judgeRetention({
    ...question,
    inForce: { timeMs: 0, sizeBytes: 0 },
    next: { timeMs: 0, sizeBytes: 12_500 },
  });
  // All twelve fit now; with the next block beside them, the oldest would go.
  expect(ends(small.condemned)).toEqual([2]);
});

test('a block that was compacted into another is none of what is lost', () => {
  const parent = testBlock('p');
  const child = testBlock('c', { parents: [parent.ulid], sources: [parent.ulid], maxTime: 90 * hour });
  const question = { newestMs: 90 * hour, nowMs: 91 * hour, inForce: { timeMs: 0, sizeBytes: 0 } };
  const next = { timeMs: 10 * hour, sizeBytes: 0 };
  expect(judgeRetention({ ...question, next, listing: testListing([parent, child]) }).condemned).toEqual([]);
});

test('a year of data that is taken in is kept, by time and by size', () => {
  const nowMs = 400 * day;
  const listing = testListing([
    testBlock('old', { minTime: 35 * day, maxTime: 66 * day, sizeBytes: 20 * 2 ** 30 }),
    testBlock('new', { minTime: 390 * day, maxTime: 399 * day, sizeBytes: 2 ** 20 }),
  ]);
  const retention = retentionThatKeepsAll(listing, nowMs);
  expect(retention).toEqual({ timeMs: 381 * day, sizeBytes: 41 * 2 ** 30, raises: [] });
  expect(retentionThatKeepsAll(testListing([]), nowMs)).toEqual({
    timeMs: 15 * day,
    sizeBytes: 15 * 2 ** 30,
    raises: [],
  });
  expect(retentionThatKeepsAll(listing, nowMs, { timeMs: 0, sizeBytes: 0 })).toEqual(retentionOf(0));
});

test('what a proof may call expired is measured from the newest sample of before, by the retention of before', () => {
  const question = { blocks: oneDay.blocks, headBytes: 0, newestMs: 24 * hour - 1 };
  expect(condemnedAt({ ...question, retention: { timeMs: 22 * hour, sizeBytes: 0 } }).size).toBe(1);
  expect(condemnedAt({ ...question, retention: { timeMs: 22 * hour + 1, sizeBytes: 0 } }).size).toBe(0);
  expect(condemnedAt({ ...question, newestMs: null, retention: { timeMs: 1, sizeBytes: 3000 } }).size).toBe(9);
});

const listings: fc.Arbitrary<TsdbListing> = fc
  .array(
    fc.record({
      start: fc.integer({ min: 0, max: 400 }),
      width: fc.integer({ min: 1, max: 12 }),
      sizeBytes: fc.integer({ min: 1, max: 10_000 }),
    }),
    { maxLength: 20 },
  )
  .map((blocks) =>
    testListing(
      blocks.map(({ start, width, sizeBytes }, index) =>
        testBlock(`x${index}`, { minTime: start * blockRangeMs, maxTime: (start + width) * blockRangeMs, sizeBytes }),
      ),
      { walBytes: 300, headChunksBytes: 200 },
    ),
  );
const limits = fc.record({
  timeMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 * day })),
  sizeBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000 })),
});
const spans = fc.integer({ min: 0, max: 90 * day });

describe('for any volume', () => {
  test('an unchanged retention, raised for this outage and for earlier ones, condemns nothing', () => {
    const outages = fc.array(fc.tuple(spans, spans), { maxLength: 4 });
    fc.assert(
      fc.property(listings, limits, fc.tuple(spans, spans), outages, (listing, limit, [headMs, outageMs], earlier) => {
        const newestMs = (listing.newestBlockMs ?? day) + (headMs % (3 * hour));
        const nowMs = newestMs + outageMs;
        // Earlier outages lie before the newest sample.
        const raises = earlier.map(([agoMs, lengthMs]) => ({
          fromMs: newestMs - agoMs - lengthMs,
          toMs: newestMs - agoMs,
        }));
        const raised = raiseForOutage({ ...limit, raises }, { newestMs, nowMs });
        const inForce = effectiveRetention({ ...limit, raises }, newestMs);
        expect(effectiveRetention(raised).timeMs).toBeGreaterThanOrEqual(inForce.timeMs);
        const question = { listing, newestMs, nowMs, inForce, next: effectiveRetention(raised) };
        expect(judgeRetention(question).condemned).toEqual([]);
      }),
    );
  });

  test('more retention never deletes more', () => {
    fc.assert(
      fc.property(listings, limits, spans, (listing, limit, more) => {
        const wider = {
          timeMs: limit.timeMs === 0 ? 0 : limit.timeMs + more,
          sizeBytes: limit.sizeBytes === 0 ? 0 : limit.sizeBytes + more,
        };
        const gone = new Set(blocksBeyondRetention(listing, limit));
        expect(blocksBeyondRetention(listing, wider).every((block) => gone.has(block))).toBe(true);
      }),
    );
  });

  test('the retention for taking in deletes nothing, now or at the first cut', () => {
    fc.assert(
      fc.property(listings, limits, spans, (listing, limit, laterMs) => {
        const nowMs = (listing.newestBlockMs ?? day) + laterMs;
        const next = effectiveRetention(retentionThatKeepsAll(listing, nowMs, limit));
        const inForce = { timeMs: 0, sizeBytes: 0 };
        expect(judgeRetention({ listing, newestMs: null, nowMs, inForce, next }).condemned).toEqual([]);
      }),
    );
  });
});
