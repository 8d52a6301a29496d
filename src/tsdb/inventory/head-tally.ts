import type { HeadSeries } from '../head/head-series.ts';
import { hashed } from './sample-digest.ts';
import type { Tally } from './tally.ts';

interface JobSums {
  samples: number;
  staleMarkers: number;
  a: number;
  b: number;
  firstMs: number;
  lastMs: number;
}

interface HeadWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly jobs: (JobSums | undefined)[];
  /** A bit for each series that has a sample in it. */
  seen: Uint8Array;
}

/** Where the samples of the head go. */
export interface HeadSums {
  /** The sample whose hash is in `hashed`. */
  add(index: number, timeMs: number): void;
  addStaleMarker(index: number, timeMs: number): void;
  /** Called once, behind the last sample. */
  end(): void;
}

/**
 * Adds up samples that come in the order of their time, series by series mixed: each is added to its window at once, and
 * which series a window has seen is a bit each.
 */
export class HeadTally implements HeadSums {
  private readonly windows = new Map<number, HeadWindow>();
  private current: HeadWindow | undefined;
  private readonly series: HeadSeries;
  private readonly tally: Tally;

  constructor(series: HeadSeries, tally: Tally) {
    this.series = series;
    this.tally = tally;
  }

  /** The sample whose hash is in `hashed`. */
  add(index: number, timeMs: number): void {
    const window = this.windowAt(timeMs);
    const sums = this.sumsOf(window, index);
    if (sums.samples === 0) {
      sums.firstMs = timeMs;
      sums.lastMs = timeMs;
    }
    sums.samples += 1;
    sums.a = (sums.a + hashed.a) >>> 0;
    sums.b = (sums.b + hashed.b) >>> 0;
    if (timeMs < sums.firstMs) sums.firstMs = timeMs;
    if (timeMs > sums.lastMs) sums.lastMs = timeMs;
    const at = index >>> 3;
    if (at >= window.seen.length) window.seen = enlarged(window.seen, at);
    window.seen[at] = (window.seen[at] as number) | (1 << (index & 7));
  }

  addStaleMarker(index: number, timeMs: number): void {
    this.sumsOf(this.windowAt(timeMs), index).staleMarkers += 1;
  }

  /** Tells everything to the tally. */
  end(): void {
    const { tally } = this;
    for (const window of this.windows.values()) {
      window.jobs.forEach((sums, job) => {
        if (sums !== undefined) tally.addSums(window.fromMs, this.series.jobs[job] ?? '', sums);
      });
      for (let index = 0; index < this.series.size; index += 1) {
        if (((window.seen[index >>> 3] ?? 0) & (1 << (index & 7))) === 0) continue;
        tally.noteSeries(window.fromMs, this.series.jobs[this.series.jobAt(index)] ?? '', this.series.seedAt(index));
      }
    }
  }

  private windowAt(timeMs: number): HeadWindow {
    const { current } = this;
    if (current !== undefined && timeMs >= current.fromMs && timeMs < current.toMs) return current;
    const fromMs = this.tally.grid.startOf(timeMs);
    let window = this.windows.get(fromMs);
    if (window === undefined) {
      window = { fromMs, toMs: this.tally.grid.endOf(fromMs), jobs: [], seen: new Uint8Array(128) };
      this.windows.set(fromMs, window);
    }
    this.current = window;
    return window;
  }

  private sumsOf(window: HeadWindow, index: number): JobSums {
    const job = this.series.jobAt(index);
    return (window.jobs[job] ??= { samples: 0, staleMarkers: 0, a: 0, b: 0, firstMs: 0, lastMs: 0 });
  }
}

function enlarged(seen: Uint8Array, at: number): Uint8Array {
  const larger = new Uint8Array(Math.max(2 * seen.length, at + 1));
  larger.set(seen);
  return larger;
}
