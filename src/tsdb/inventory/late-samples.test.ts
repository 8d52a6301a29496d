/**
 * Samples that came out of order: each is kept once, whoever finds it elsewhere takes it away, and where there are more than
 * fit into memory they come in several passes, none of them twice and none left out.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Doubt } from '../head/head-reader.ts';
import { ConflictSums } from './conflict-sums.ts';
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
    value: fc.nat(2),
    /** What else is counted at its time, if anything. */
    elsewhere: fc.option(fc.oneof(fc.constant('stale' as const), fc.nat(2))),
  }),
  { maxLength: 400 },
);

interface Wanted {
  readonly values: Set<number>;
  isStale: boolean;
  elsewhere: number | 'stale' | null;
}

test('each time comes out once, in however many passes; other values are conflicts', () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 100 }), (given, most) => {
      const wanted = new Map<string, Wanted>();
      for (const { series, timeMs, isStale, value, elsewhere } of given) {
        const key = `${series} ${timeMs}`;
        const one = wanted.get(key) ?? { values: new Set<number>(), isStale: false, elsewhere };
        if (isStale) one.isStale = true;
        else one.values.add(value);
        wanted.set(key, one);
      }
      const told: string[] = [];
      const pairs: string[] = [];
      const conflicts = new ConflictSums();
      let counted = 0;
      let from: LateKey | null = null;
      do {
        const late: LateSamples = new LateSamples({ from, most });
        for (const { series, timeMs, isStale, value } of given) {
          late.add({ seed: seedOf(series), job: `job${series % 3}` }, { timeMs, isStale, ...hashOf(value, timeMs) });
        }
        const other = LateSamples.of(structuredClone(late.share()));
        for (const [key, { values, elsewhere }] of wanted) {
          const [series = 0, timeMs = 0] = key.split(' ').map(Number);
          if (elsewhere === 'stale') {
            const counts = other.takeStale(seedOf(series), timeMs);
            // Those of other passes are not there to be asked.
            if (values.size === 0) expect(counts).toBe(true);
          } else if (elsewhere !== null) other.take(seedOf(series), timeMs, hashOf(elsewhere, timeMs));
        }
        counted += other.count;
        other.tellTo(tallyOf(other, told, pairs));
        other.tellConflicts(conflicts);
        from = late.next;
      } while (from !== null);
      const expected = [...wanted].flatMap(([key, { values, isStale, elsewhere }]) => {
        if (typeof elsewhere === 'number') return [];
        if (values.size > 0) return [`${key} ${Math.min(...values)}`];
        return isStale && elsewhere === null ? [`${key} stale`] : [];
      });
      expect(told.sort()).toEqual(expected.sort());
      expect(counted).toBe(expected.filter((one) => !one.endsWith('stale')).length);
      expect([conflicts.samples, conflicts.digest]).toEqual(conflictsOf(wanted));
      expect(new Set(pairs).size).toBe(pairs.length);
    }),
  );
});

function conflictsOf(wanted: ReadonlyMap<string, Wanted>): readonly [number, string] {
  const sums = new ConflictSums();
  for (const [key, { values, elsewhere }] of wanted) {
    const timeMs = Number(key.split(' ')[1]);
    const all = [...new Set([...(typeof elsewhere === 'number' ? [elsewhere] : []), ...values])];
    if (values.size === 0 || all.length < 2) continue;
    const [first = 0, ...others] = all;
    sums.addCounted(hashOf(first, timeMs));
    for (const one of others) sums.addOther(hashOf(one, timeMs));
  }
  return [sums.samples, sums.digest];
}

function hashOf(value: number, timeMs: number): { readonly a: number; readonly b: number } {
  return { a: value, b: timeMs | 0 };
}

test('what is in a block is in no doubt, and did not come late', () => {
  const late = new LateSamples();
  const identity = { seed: seedOf(1), job: 'job1' };
  const sampleAt = (timeMs: number) => ({ timeMs, isStale: false, ...hashOf(1, timeMs) });
  late.add(identity, { ...sampleAt(10), doubt: 'marked' });
  late.add(identity, { ...sampleAt(10), isInBlock: true });
  late.add(identity, { ...sampleAt(20), isInBlock: true });
  late.add(identity, { ...sampleAt(20), doubt: 'old-reference' });
  expect([late.count, late.listDoubtful()]).toEqual([0, []]);
  const told: string[] = [];
  const tally = tallyOf(late, told, []);
  late.tellTo({
    ...tally,
    addOutOfOrder: () => expect.fail('it is in a block'),
  });
  expect(told).toHaveLength(2);
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
  other.take(seedOf(1), 40, hashOf(0, 0));
  const marked = { doubt: 'marked', samples: 1, fromMs: 70, toMs: 70 };
  const hidden = { doubt: 'hidden', samples: 2, fromMs: 90, toMs: 95 };
  expect(other.listDoubtful()).toEqual([{ doubt: 'old-reference', samples: 3, fromMs: 10, toMs: 30 }, marked, hidden]);
  expect(other.count).toBe(8);
  for (const timeMs of [10, 20, 30]) other.take(seedOf(1), timeMs, hashOf(0, 0));
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
      if (count === 1) expect(b).toBe(hashOf(a, firstMs).b >>> 0);
      told.push(`${seed.b} ${firstMs} ${staleMarkers === 1 ? 'stale' : a}`);
      if (count === 1 && late.noteSeries(seed, startMs) === true) pairs.push(`${seed.b} ${startMs}`);
    },
    addOutOfOrder: () => undefined,
  };
}
