/**
 * A union of stretches has exactly the holes that all samples together have: held against the plain way, which sorts them
 * all. Where there are too many, the cut gets longer, and no sample is lost.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CoverageRange } from '../../model/tsdb-coverage.ts';
import { RunSet } from './run-set.ts';

const cutMs = 20;

/** Cut where the next sample is further away. */
function cut(times: readonly number[], at: number): readonly CoverageRange[] {
  const runs: { fromMs: number; toMs: number; samples: number }[] = [];
  for (const timeMs of [...times].sort((one, other) => one - other)) {
    const last = runs.at(-1);
    if (last !== undefined && timeMs - last.toMs <= at) {
      last.toMs = timeMs;
      last.samples += 1;
    } else runs.push({ fromMs: timeMs, toMs: timeMs, samples: 1 });
  }
  return runs;
}

const series = fc.array(fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 60 }), { maxLength: 8 });

test('the runs of each series together are the runs of all samples', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 0, max: 100 }), (all, moreMs) => {
      const set = new RunSet(cutMs, 1000);
      for (const times of all) set.addAll(cut(times, cutMs));
      expect(set.list()).toEqual(cut(all.flat(), cutMs));
      set.coarsen(cutMs + moreMs);
      expect(set.list()).toEqual(cut(all.flat(), cutMs + moreMs));
    }),
  );
});

test('however many there are, no more are kept than is allowed, and every sample counts', () => {
  fc.assert(
    fc.property(series, (all) => {
      const set = new RunSet(1, 5);
      for (const timeMs of all.flat()) set.add(timeMs, timeMs, 1);
      const found = set.list();
      expect(found.length).toBeLessThanOrEqual(5);
      expect(found.reduce((sum, { samples }) => sum + samples, 0)).toBe(all.flat().length);
      expect(found).toEqual(cut(all.flat(), set.cutMs));
    }),
  );
});
