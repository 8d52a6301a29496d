/**
 * Samples that came out of order: each is kept once, whoever finds it elsewhere takes it away, and where there are more than
 * fit into memory they come in several passes, none of them twice and none left out.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Doubt } from '../head/head-reader.ts';
import { LateSamples, type LateKey } from './late-samples.ts';
import type { SeriesTally } from './tally.ts';
import { WindowGrid } from './window-grid.ts';
import { windowMs } from './window-table.ts';

const samples = fc.array(
  fc.record({
    series: fc.nat(20),
    timeMs: fc.oneof(
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      fc.integer({ min: 0, max: 5 * windowMs }),
      fc.integer({ min: 0, max: 30 }),
    ),
    isStale: fc.boolean(),
    isElsewhere: fc.boolean(),
  }),
  { maxLength: 400 },
);

test('come out once each, in however many passes', () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 100 }), (given, most) => {
      const wanted = new Map<string, boolean>();
      for (const { series, timeMs, isStale } of given) {
        const key = `${series} ${timeMs}`;
        if (!wanted.has(key)) wanted.set(key, isStale);
      }
      for (const { series, timeMs, isElsewhere } of given) if (isElsewhere) wanted.delete(`${series} ${timeMs}`);
      const told: string[] = [];
      const pairs: string[] = [];
      let counted = 0;
      let from: LateKey | null = null;
      do {
        const late: LateSamples = new LateSamples({ from, most });
        for (const { series, timeMs, isStale } of given) {
          late.add({ seed: seedOf(series), job: `job${series % 3}` }, { timeMs, isStale, a: series, b: timeMs | 0 });
        }
        for (const { series, timeMs, isElsewhere } of given) if (isElsewhere) late.take(seedOf(series), timeMs);
        const other = LateSamples.of(structuredClone(late.share()));
        counted += other.count;
        other.tellTo(tallyOf(other, told, pairs));
        from = late.next;
      } while (from !== null);
      expect(told.sort()).toEqual([...wanted].map(([key, isStale]) => `${key} ${isStale}`).sort());
      expect(counted).toBe([...wanted.values()].filter((isStale) => !isStale).length);
      expect(new Set(pairs).size).toBe(pairs.length);
    }),
  );
});

test('doubtful ones are told apart, but for stale markers and what is found elsewhere, in another thread too', () => {
  const late = new LateSamples();
  const add = (timeMs: number, doubt?: Doubt, isStale = false) =>
    late.add({ seed: seedOf(1), job: 'job5' }, { timeMs, isStale, doubt, a: 0, b: 0 });
  for (const timeMs of [30, 10, 20, 40]) add(timeMs, 'old-reference');
  add(50);
  add(60, 'old-reference', true);
  add(70, 'marked');
  add(80, 'marked');
  add(90, 'hidden');
  add(95, 'marked');
  // What is said first counts, but for what comes once more behind a marker.
  add(50, 'old-reference');
  add(80);
  add(90, 'marked');
  add(95, 'hidden');
  add(10);
  const other = LateSamples.of(structuredClone(late.share()));
  other.take(seedOf(1), 40);
  const marked = { doubt: 'marked', samples: 1, fromMs: 70, toMs: 70 };
  const hidden = { doubt: 'hidden', samples: 2, fromMs: 90, toMs: 95 };
  expect(other.listDoubtful()).toEqual([{ doubt: 'old-reference', samples: 3, fromMs: 10, toMs: 30 }, marked, hidden]);
  expect(other.count).toBe(8);
  for (const timeMs of [10, 20, 30]) other.take(seedOf(1), timeMs);
  expect(other.listDoubtful()).toEqual([marked, hidden]);
});

test('a series that is found in their window is not new there any more', () => {
  const late = new LateSamples();
  late.add({ seed: seedOf(1), job: '' }, { timeMs: 10, isStale: false, a: 0, b: 0 });
  expect(late.noteSeries(seedOf(2), 0)).toBeUndefined();
  expect(late.noteSeries(seedOf(1), windowMs)).toBeUndefined();
  expect(late.noteSeries(seedOf(1), 0)).toBe(true);
  expect(LateSamples.of(late.share()).noteSeries(seedOf(1), 0)).toBe(false);
});

/** Alike in their first words, so that places collide. */
function seedOf(series: number): { readonly a: number; readonly b: number } {
  return { a: 0xfffffff0 + (series % 2), b: series };
}

function tallyOf(late: LateSamples, told: string[], pairs: string[]): SeriesTally {
  const grid = new WindowGrid();
  return {
    grid,
    addSeries: (startMs, job, seed, { samples: count, staleMarkers, firstMs, a, b }) => {
      expect(grid.startOf(firstMs)).toBe(startMs);
      expect(job).toBe(`job${seed.b % 3}`);
      expect(count + staleMarkers).toBe(1);
      if (count === 1) expect([a, b]).toEqual([seed.b, (firstMs | 0) >>> 0]);
      told.push(`${seed.b} ${firstMs} ${staleMarkers === 1}`);
      if (count === 1 && late.noteSeries(seed, startMs) === true) pairs.push(`${seed.b} ${startMs}`);
    },
    addOutOfOrder: () => undefined,
  };
}
