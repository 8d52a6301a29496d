import { isDeleted, type Tombstones } from '../block/tombstones.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { isStaleMarker, type HistogramSample } from '../chunk/sample-sink.ts';
import type { MergeSink } from '../inventory/merge-blocks.ts';
import type { RunSet } from './run-set.ts';
import type { SeriesKind } from './series-kind.ts';
import type { TimesCount, UnitCount } from './unit-times.ts';

type Intervals = ReturnType<Tombstones['get']>;

/** The late samples of a series, from which what is found in a block is taken away. */
export interface TakenAway {
  delete(timeMs: number): unknown;
}

/**
 * The times of one series after another. What lies close together is told as one stretch, and a distance that stays the same
 * as one count of it, so that little is done for each sample.
 */
export class SeriesTimes implements MergeSink {
  private readonly unit: UnitCount;
  private times: TimesCount | undefined;
  private down: RunSet | undefined;
  private deleted: Intervals;
  private late: TakenAway | undefined;
  private cutMs = 0;
  private fromMs = 0;
  private lastMs = 0;
  private samples = 0;
  private intervalMs = 0;
  private repeats = 0;

  constructor(unit: UnitCount) {
    this.unit = unit;
  }

  begin(series: SeriesKind, deleted: Intervals, late: TakenAway | undefined): void {
    this.times = this.unit.timesOf(series);
    this.down = series.kind === 'up' ? this.unit.downOf(series.job) : undefined;
    this.deleted = deleted;
    this.late = late;
    this.cutMs = this.times.runs.cutMs;
    this.samples = 0;
    this.repeats = 0;
  }

  float(timeMs: number, high: number, low: number): void {
    if (isStaleMarker(high, low) || !this.isThere(timeMs)) return;
    if (this.down !== undefined && high === 0 && low === 0) this.down.add(timeMs, timeMs, 1);
    this.take(timeMs);
  }

  histogram(timeMs: number, _: HistogramSample, isStale: boolean): void {
    if (!isStale && this.isThere(timeMs)) this.take(timeMs);
  }

  chunk(encoding: number, data: Uint8Array): void {
    decodeChunk(encoding, data, this);
  }

  end(): void {
    this.tellRun();
    this.tellInterval();
  }

  private isThere(timeMs: number): boolean {
    if (this.deleted !== undefined && isDeleted(this.deleted, timeMs)) return false;
    this.late?.delete(timeMs);
    return true;
  }

  private take(timeMs: number): void {
    if (this.samples === 0) {
      this.beginRun(timeMs);
      return;
    }
    const distanceMs = timeMs - this.lastMs;
    if (distanceMs === this.intervalMs) this.repeats += 1;
    else {
      this.tellInterval();
      this.intervalMs = distanceMs;
      this.repeats = 1;
    }
    if (distanceMs > this.cutMs || distanceMs < 0) {
      this.tellRun();
      this.beginRun(timeMs);
      return;
    }
    this.lastMs = timeMs;
    this.samples += 1;
  }

  private beginRun(timeMs: number): void {
    this.fromMs = timeMs;
    this.lastMs = timeMs;
    this.samples = 1;
  }

  private tellRun(): void {
    if (this.samples > 0) this.times?.runs.add(this.fromMs, this.lastMs, this.samples);
  }

  private tellInterval(): void {
    if (this.repeats > 0) this.times?.intervals.add(this.intervalMs, this.repeats);
    this.repeats = 0;
  }
}
