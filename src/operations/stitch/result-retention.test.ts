import { expect, test } from 'vitest';
import type { BlockOnDisk, TsdbListing } from '../../model/block.ts';
import { adoptionFinding, findCondemned, howToKeepAll, ofWhom, type ResultRetention } from './result-retention.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const gib = 2 ** 30;
const nowMs = 20_000 * dayMs;

/** One block of a day and a GiB for each of ten days, the last of which ended so many days ago. */
function endedDaysAgo(days: number): TsdbListing {
  const blocks = Array.from({ length: 10 }, (_, day): BlockOnDisk => {
    const maxTime = nowMs - (days + 9 - day) * dayMs;
    const counts = { series: 1, samples: 1, chunks: 1, sizeBytes: gib };
    const rest = { level: 2, sources: [], parents: [], deletable: false, hints: [] };
    return { ulid: `day-${day}`, minTime: maxTime - dayMs, maxTime, ...counts, ...rest };
  });
  return {
    blocks,
    broken: [],
    walBytes: 0,
    headChunksBytes: 0,
    newestBlockMs: nowMs - days * dayMs,
    oldestBlockMs: nowMs - (days + 10) * dayMs,
    hasWal: false,
  };
}

const judge = (days: number, retention: ResultRetention) => ({ listing: endedDaysAgo(days), retention, nowMs });
const gone = (days: number, retention: ResultRetention) =>
  findCondemned(judge(days, retention)).map(({ ulid }) => ulid);
const ofStack = (timeMs: number, sizeBytes = 0): ResultRetention => {
  return { by: 'stack', stack: 'monitoring', dataRoot: '/data', retention: { timeMs, sizeBytes, raises: [] } };
};
const adopt: ResultRetention = { by: 'adopt', asked: { timeMs: 15 * dayMs, sizeBytes: 15 * gib } };

test('a retention that was given counts from now, and has no size', () => {
  expect(gone(20, { by: 'flag', timeMs: 40 * dayMs })).toEqual([]);
  expect(gone(20, { by: 'flag', timeMs: 25 * dayMs })).toEqual(['day-0', 'day-1', 'day-2', 'day-3', 'day-4']);
  expect(ofWhom(judge(20, { by: 'flag', timeMs: 25 * dayMs }))).toContain('25d');
});

test("a stack's does not count the outage since the newest sample, and its size does count", () => {
  expect(gone(300, ofStack(11 * dayMs))).toEqual([]);
  expect(gone(300, ofStack(8 * dayMs))).toEqual(['day-0', 'day-1']);
  expect(gone(300, ofStack(90 * dayMs, 30 * gib))).toEqual([]);
  expect(gone(300, ofStack(90 * dayMs, 8 * gib))).toContain('day-0');
  expect(gone(300, ofStack(0))).toEqual([]);
  const judged = judge(300, ofStack(8 * dayMs, 8 * gib));
  expect(ofWhom(judged)).toContain('stack monitoring (/data)');
  expect(ofWhom(judged)).toContain('8.0 GiB');
  expect(howToKeepAll(judged)).toMatch(/^Stitch into another place, then take it in with `holdfast adopt`/);
});

test('where nobody has said any, adopt raises it, and a Prometheus that is started by hand would not', () => {
  expect(gone(1, adopt)).toEqual([]);
  expect(gone(10, adopt).length).toBeGreaterThan(3);
  expect(ofWhom(judge(10, adopt))).toContain('without a retention of its own (15d)');
  const [raised] = adoptionFinding(judge(10, adopt), '/into');
  expect(raised?.message).toContain('from 15d and 15.0 GiB to');
  expect(howToKeepAll(judge(10, adopt))).toMatch(/--storage\.tsdb\.retention\.time=\d+d, or take it in/);
  expect(adoptionFinding(judge(1, { by: 'adopt', asked: { timeMs: 0, sizeBytes: 0 } }), '/into')).toEqual([]);
  expect(adoptionFinding(judge(10, ofStack(dayMs)), '/into')).toEqual([]);
});
