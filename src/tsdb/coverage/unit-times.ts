import type { CoverageRange } from '../../model/tsdb-coverage.ts';
import { cutOf, shortestCutMs } from '../../model/gap-rule.ts';
import { IntervalCount } from './interval-count.ts';
import { RunSet } from './run-set.ts';
import type { SeriesKind } from './series-kind.ts';

/** What a block, blocks that overlap, or the head hold over the time. Plain data: this is what is cached. */
export interface UnitTimes {
  readonly all: StreamTimes;
  readonly jobs: readonly JobTimes[];
  /** True where there were more jobs than are told apart; their samples are in `all`. */
  readonly hasMoreJobs: boolean;
}

export interface StreamTimes {
  readonly intervalMs: number | null;
  /** Holes up to this long are no gaps in `runs`. */
  readonly cutMs: number;
  readonly runs: readonly CoverageRange[];
}

export interface JobTimes extends StreamTimes {
  readonly job: string;
  readonly down: readonly CoverageRange[];
}

/** Beyond this many, jobs are no longer told apart: a label that differs in each series would take any memory. */
export const mostJobs = 1000;

const mostRuns = 2048;

/** Where the samples of one kind of series of one job are added up. */
export class TimesCount {
  readonly runs = new RunSet(shortestCutMs, mostRuns);
  readonly intervals = new IntervalCount();
}

/** A job's samples, and those of `up` that say that a target was down. */
export class JobCount extends TimesCount {
  readonly down = new RunSet(shortestCutMs, mostRuns);
}

/** Adds up what the series of a unit hold. */
export class UnitCount {
  private readonly jobs = new Map<string, JobCount>();
  private readonly others = new TimesCount();
  private hasMoreJobs = false;

  /** Where the samples of a series go. */
  timesOf({ job, kind }: SeriesKind): TimesCount {
    return kind === 'scraped' ? (this.jobOf(job) ?? this.others) : this.others;
  }

  /** Where it goes that `up` was 0. */
  downOf(job: string): RunSet | undefined {
    return this.jobOf(job)?.down;
  }

  finish(): UnitTimes {
    const parts = [this.others, ...this.jobs.values()];
    const all = new TimesCount();
    all.runs.coarsen(Math.max(...parts.map(({ runs }) => runs.cutMs)));
    for (const { runs, intervals } of parts) {
      all.runs.addAll(runs.list());
      all.intervals.addAll(intervals);
    }
    const jobs = [...this.jobs].sort(([one], [other]) => (one < other ? -1 : 1)).map(finishJob);
    return { all: finishTimes(all), jobs, hasMoreJobs: this.hasMoreJobs };
  }

  private jobOf(job: string): JobCount | undefined {
    const known = this.jobs.get(job);
    if (known !== undefined) return known;
    if (this.jobs.size >= mostJobs) {
      this.hasMoreJobs = true;
      return undefined;
    }
    const count = new JobCount();
    this.jobs.set(job, count);
    return count;
  }
}

function finishTimes({ runs, intervals }: TimesCount): StreamTimes {
  const intervalMs = intervals.usual();
  // What is usual is not known here: neighbours may know it, and what was cut can be joined later.
  if (intervalMs !== null) runs.coarsen(cutOf(intervalMs));
  return { intervalMs, cutMs: runs.cutMs, runs: runs.list() };
}

function finishJob([job, count]: readonly [string, JobCount]): JobTimes {
  const times = finishTimes(count);
  count.down.coarsen(times.cutMs);
  return { job, ...times, down: count.down.list() };
}
