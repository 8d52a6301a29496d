import type { CoverageRange, TsdbJobTimes, TsdbTimes } from '../../model/tsdb-coverage.ts';
import { cutOf, shortestCutMs } from '../../model/gap-rule.ts';
import { RunSet } from './run-set.ts';
import { mostJobs, type StreamTimes, type UnitTimes } from './unit-times.ts';

const mostRuns = 4096;

/** Of one job, or of everything, through all units. */
class JoinedTimes {
  readonly runs = new RunSet(shortestCutMs, mostRuns);
  readonly down = new RunSet(shortestCutMs, mostRuns);
  private readonly intervals: { readonly intervalMs: number; readonly samples: number }[] = [];
  /** What is usual may change from block to block; between two of them the longer one counts. */
  private intervalMs: number | null = null;
  private cutMs = cutOf(null);
  /** What was cut more coarsely than the rule says, since there were too many stretches in one unit. */
  private coarserMs = 0;

  add({ intervalMs, cutMs, runs }: StreamTimes, down: readonly CoverageRange[] = []): void {
    const [first, ...others] = runs;
    const before = this.cutMs;
    if (intervalMs !== null) {
      const samples = runs.reduce((sum, run) => sum + run.samples, 0);
      this.intervals.push({ intervalMs, samples });
      this.intervalMs = intervalMs;
    }
    // Where a unit cannot tell what is usual, it is what was usual before.
    const own = Math.max(cutMs, cutOf(intervalMs ?? this.intervalMs));
    if (intervalMs !== null) {
      this.cutMs = own;
      if (cutMs > cutOf(intervalMs)) this.coarserMs = Math.max(this.coarserMs, cutMs);
    }
    const between = this.runs.isEmpty ? own : Math.max(before, own);
    if (first !== undefined) this.runs.add(first.fromMs, first.toMs, first.samples, between);
    for (const { fromMs, toMs, samples } of others) this.runs.add(fromMs, toMs, samples, own);
    for (const { fromMs, toMs, samples } of down) this.down.add(fromMs, toMs, samples, own);
  }

  addLate(timeMs: number): void {
    this.runs.add(timeMs, timeMs, 1, this.cutMs);
  }

  get coarseMs(): number {
    return Math.max(this.coarserMs, this.runs.cutMs > shortestCutMs ? this.runs.cutMs : 0);
  }

  finish(): TsdbTimes {
    return { intervalMs: this.usual(), ranges: this.runs.list() };
  }

  /** The median over all samples. */
  private usual(): number | null {
    const sorted = [...this.intervals].sort((one, other) => one.intervalMs - other.intervalMs);
    const total = sorted.reduce((sum, { samples }) => sum + samples, 0);
    let passed = 0;
    for (const { intervalMs, samples } of sorted) {
      passed += samples;
      if (2 * passed >= total) return intervalMs;
    }
    return null;
  }
}

/** Puts together what units hold, which are told in the order of their times. */
export class JoinedUnits {
  private readonly all = new JoinedTimes();
  private readonly jobs = new Map<string, JoinedTimes>();
  hasMoreJobs = false;

  add(unit: UnitTimes): void {
    this.all.add(unit.all);
    if (unit.hasMoreJobs) this.hasMoreJobs = true;
    for (const { job, down, ...times } of unit.jobs) this.jobOf(job)?.add(times, down);
  }

  /** One sample that came out of order, of a series that may be a scraped one. */
  addLate(job: string, timeMs: number): void {
    this.all.addLate(timeMs);
    this.jobOf(job)?.addLate(timeMs);
  }

  /** How long the longest hole is that may be hidden since there were too many; null where none is. */
  get coarseMs(): number | null {
    const most = Math.max(...[this.all, ...this.jobs.values()].map(({ coarseMs }) => coarseMs));
    return most > 0 ? most : null;
  }

  finish(): { readonly all: TsdbTimes; readonly jobs: readonly TsdbJobTimes[] } {
    const sorted = [...this.jobs].sort(([one], [other]) => (one < other ? -1 : 1));
    return {
      all: this.all.finish(),
      jobs: sorted.map(([job, times]) => ({ job, ...times.finish(), down: times.down.list() })),
    };
  }

  private jobOf(job: string): JoinedTimes | undefined {
    let times = this.jobs.get(job);
    if (times === undefined && this.jobs.size < mostJobs) {
      times = new JoinedTimes();
      this.jobs.set(job, times);
    }
    if (times === undefined) this.hasMoreJobs = true;
    return times;
  }
}
