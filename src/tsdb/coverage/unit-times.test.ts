/** Beyond a thousand jobs none is told apart any more, in one unit or in several together; no sample is lost by that. */
import { expect, test } from 'vitest';
import { JoinedUnits } from './join-units.ts';
import { mostJobs, UnitCount, type UnitTimes } from './unit-times.ts';

function unitOf(jobs: number, { from = 0, atMs = 0 } = {}): UnitTimes {
  const unit = new UnitCount();
  for (let number = 0; number < jobs; number += 1) {
    unit.timesOf({ job: `job-${from + number}`, kind: 'scraped' }).runs.add(atMs, atMs, 1);
  }
  return unit.finish();
}

const samplesIn = (runs: readonly { readonly samples: number }[]) =>
  runs.reduce((sum, { samples }) => sum + samples, 0);

test('in one unit', () => {
  expect(unitOf(mostJobs)).toMatchObject({ hasMoreJobs: false });
  const more = unitOf(mostJobs + 5);
  expect([more.jobs.length, more.hasMoreJobs, samplesIn(more.all.runs)]).toEqual([mostJobs, true, mostJobs + 5]);
});

test('in several together', () => {
  const joined = new JoinedUnits();
  joined.add(unitOf(mostJobs));
  joined.add(unitOf(3, { from: mostJobs - 1, atMs: 1000 }));
  const { all, jobs } = joined.finish();
  expect([jobs.length, joined.hasMoreJobs, samplesIn(all.ranges)]).toEqual([mostJobs, true, mostJobs + 3]);
  expect(jobs.find(({ job }) => job === `job-${mostJobs - 1}`)?.ranges.at(-1)?.toMs).toBe(1000);
});
