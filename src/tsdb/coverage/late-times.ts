import type { SeriesSeed } from '../inventory/sample-digest.ts';
import type { JoinedUnits } from './join-units.ts';

const windowMs = 2 * 3_600_000;

/** Some 80 MB. */
const mostSamples = 1_000_000;

interface LateSeries {
  readonly job: string;
  /** False for a stale marker, which is no sample. */
  readonly times: Map<number, boolean>;
}

/**
 * When samples came out of order that are in no block yet. They may be anywhere in time, and twice: as a head chunk and in
 * the WBL, or in a block and still in the WBL. They are kept until everything else is known, and then what is left of them
 * is counted. Beyond a million of them, the rest is left out and said.
 */
export class LateTimes {
  private readonly series = new Map<string, LateSeries>();
  private readonly windows = new Set<number>();
  private count = 0;

  get isEmpty(): boolean {
    return this.series.size === 0;
  }

  /** True where there were too many, so that some are left out. */
  get isCrowded(): boolean {
    return this.count >= mostSamples;
  }

  /** Each time once: as a sample, where one of those at it is no stale marker. */
  add(seed: SeriesSeed, job: string, sample: { readonly timeMs: number; readonly isStale: boolean }): void {
    const { timeMs, isStale } = sample;
    if (this.isCrowded) return;
    const key = keyOf(seed);
    let known = this.series.get(key);
    if (known === undefined) {
      known = { job, times: new Map() };
      this.series.set(key, known);
    }
    const isSample = known.times.get(timeMs);
    if (isSample !== undefined) {
      if (!isSample && !isStale) known.times.set(timeMs, true);
      return;
    }
    known.times.set(timeMs, !isStale);
    this.count += 1;
    this.windows.add(Math.floor(timeMs / windowMs));
  }

  /** The late samples of a series by their time, from which whoever counts one elsewhere takes it away. */
  timesOf(seed: SeriesSeed): Map<number, boolean> | undefined {
    return this.series.size === 0 ? undefined : this.series.get(keyOf(seed))?.times;
  }

  /** True where a block may hold what came late as well. */
  reachInto({ minTime, maxTime }: { readonly minTime: number; readonly maxTime: number }): boolean {
    for (const window of this.windows) {
      if (minTime < (window + 1) * windowMs && maxTime > window * windowMs) return true;
    }
    return false;
  }

  /** What was found nowhere else. */
  joinTo(joined: JoinedUnits): void {
    for (const { job, times } of this.series.values()) {
      for (const [timeMs, isSample] of times) if (isSample) joined.addLate(job, timeMs);
    }
  }
}

function keyOf({ a, b }: SeriesSeed): string {
  return `${a} ${b}`;
}
