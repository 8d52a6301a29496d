import type { CoverageGap, JobCoverage, JudgedCoverage, StackOfVolume } from '../model/coverage.ts';
import { cutOf } from '../model/gap-rule.ts';
import type { CoverageRange, TsdbCoverage, TsdbJobTimes, TsdbTimes } from '../model/tsdb-coverage.ts';
import { explainVolumeGap, retentionGap, type Hole } from './explain-gap.ts';

export interface CoverageContext {
  /** The stack whose volume it is; undefined for any other directory. */
  readonly stack: StackOfVolume | undefined;
  readonly nowMs: number;
}

/** What lies between the ranges, and why, as far as it can be told. */
export function judgeCoverage(coverage: TsdbCoverage, context: CoverageContext): JudgedCoverage {
  const { all, jobs } = coverage;
  const holes = [...holesOf(all.ranges), ...openHole(coverage.all, context)];
  const between = holes.map((hole) => explainVolumeGap(hole, coverage, context));
  const before = retentionGap(coverage, context.stack);
  const gaps = [...(before === undefined ? [] : [before]), ...between];
  return {
    samples: samplesIn(all.ranges),
    intervalMs: all.intervalMs,
    ranges: all.ranges,
    gaps,
    jobs: jobs.map((job) => judgeJob(job, between)),
  };
}

function holesOf(ranges: readonly CoverageRange[]): readonly Hole[] {
  return ranges
    .slice(1)
    .map(({ fromMs }, index) => ({ fromMs: (ranges[index] as CoverageRange).toMs, toMs: fromMs, isOpen: false }));
}

/** A stack means to write: what it has not written until now is a gap, for which nothing need have come behind it. */
function openHole({ ranges, intervalMs }: TsdbTimes, { stack, nowMs }: CoverageContext): readonly Hole[] {
  const last = ranges.at(-1);
  if (stack === undefined || last === undefined || nowMs - last.toMs <= cutOf(intervalMs)) return [];
  return [{ fromMs: last.toMs, toMs: nowMs, isOpen: true }];
}

function judgeJob({ job, intervalMs, ranges, down }: TsdbJobTimes, volumeGaps: readonly CoverageGap[]): JobCoverage {
  const cutMs = cutOf(intervalMs);
  const open = volumeGaps.find(({ isOpen }) => isOpen);
  const holes = [...holesOf(ranges), ...holesAround(ranges, down, cutMs), ...stoppedWith(open, ranges, cutMs)];
  const gaps = holes
    .sort((one, other) => one.fromMs - other.fromMs)
    .map((hole) => explainJobGap(hole, down, volumeGaps));
  return { job, samples: samplesIn(ranges), intervalMs, ranges, gaps };
}

/** A job that was still written when everything stopped has the same gap; one that had ended has none. */
function stoppedWith(open: Hole | undefined, ranges: readonly CoverageRange[], cutMs: number): readonly Hole[] {
  const last = ranges.at(-1);
  if (open === undefined || last === undefined || open.fromMs - last.toMs > cutMs) return [];
  return [{ fromMs: last.toMs, toMs: open.toMs, isOpen: true }];
}

/** A job that was never scraped, not yet, or no longer: where `up` says so it is a gap, else it begins and ends there. */
function holesAround(ranges: readonly CoverageRange[], down: readonly CoverageRange[], cutMs: number): readonly Hole[] {
  const [firstDown, lastDown] = [down[0], down.at(-1)];
  if (firstDown === undefined || lastDown === undefined) return [];
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) {
    return [{ fromMs: firstDown.fromMs, toMs: lastDown.toMs, isOpen: false }];
  }
  const before = { fromMs: firstDown.fromMs, toMs: first.fromMs, isOpen: false };
  const behind = { fromMs: last.toMs, toMs: lastDown.toMs, isOpen: false };
  return [before, behind].filter(({ fromMs, toMs }) => toMs - fromMs > cutMs);
}

function explainJobGap(hole: Hole, down: readonly CoverageRange[], volumeGaps: readonly CoverageGap[]): CoverageGap {
  const ofVolume = volumeGaps.find((gap) => isOfVolume(hole, gap));
  if (ofVolume !== undefined) {
    const { reason, run, message } = ofVolume;
    return { ...hole, reason, run, message };
  }
  const refused = down.filter((run) => run.fromMs <= hole.toMs && run.toMs >= hole.fromMs);
  if (refused.length > 0) {
    const message = `The target was down: Prometheus tried to scrape it and could not (up was 0).`;
    return { ...hole, reason: 'target-down', run: null, message };
  }
  const message = 'Other series were written and nothing of this job, and no scrape of it failed.';
  return { ...hole, reason: 'unknown', run: null, message };
}

/** What is open is so with the volume, whenever one looks; how much of it the two share grows with every look. */
function isOfVolume(hole: Hole, gap: CoverageGap): boolean {
  if (hole.isOpen || gap.isOpen) return hole.isOpen && gap.isOpen;
  return 2 * overlapOf(gap, hole) > hole.toMs - hole.fromMs;
}

function overlapOf(one: Hole, other: Hole): number {
  return Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs);
}

function samplesIn(ranges: readonly CoverageRange[]): number {
  return ranges.reduce((sum, { samples }) => sum + samples, 0);
}
