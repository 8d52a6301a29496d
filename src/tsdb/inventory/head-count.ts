import { isStaleMarker } from '../chunk/sample-sink.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { HeadEvents } from '../head/head-events.ts';
import { HeadReader, type Doubt } from '../head/head-reader.ts';
import type { HeadSampleSink } from '../head/head-sample-sink.ts';
import type { HeadSeries } from '../head/head-series.ts';
import { jobOf } from './job-of.ts';
import type { HeadSums } from './head-tally.ts';
import type { LateSamples } from './late-samples.ts';
import { hashed, hashFloat, hashHistogram } from './sample-digest.ts';

export interface CountHeadOptions {
  readonly files: TsdbFiles;
  /** Exclusive end of the newest block whose samples came in order: older samples of the head are not looked at again. */
  readonly minValidMs: number;
  readonly sumsOf: (series: HeadSeries) => HeadSums;
  /** Out-of-order samples, which are counted once all others are known. */
  readonly late: LateSamples;
  readonly events: HeadEvents;
}

/** Counts what the head holds. To be called in this order: `readSeries`, `readLate`, and once the blocks are counted, `count`. */
export class HeadCount {
  private readonly options: CountHeadOptions;
  private readonly reader: HeadReader;
  private readonly series: HeadSeries;
  private readonly sums: HeadSums;

  constructor(options: CountHeadOptions) {
    const { files, events, sumsOf } = options;
    this.options = options;
    this.reader = new HeadReader({ files, events, jobOf });
    this.series = this.reader.series;
    this.sums = sumsOf(this.series);
  }

  readSeries(): void {
    this.reader.readSeries();
  }

  readLate(): void {
    this.reader.readLate((doubt) => this.lateSink(doubt));
  }

  count(): void {
    const { late, minValidMs } = this.options;
    this.reader.readInOrder(minValidMs, this.sink(late));
    this.sums.end();
  }

  /** What came in order as well is not counted as late. */
  private sink(late: LateSamples): HeadSampleSink {
    const { sums, series } = this;
    const isLatePossible = !late.isEmpty;
    const add = (index: number, timeMs: number): void => {
      if (isLatePossible) late.take(series.seedAt(index), timeMs, hashed);
      sums.add(index, timeMs);
    };
    const addStale = (index: number, timeMs: number): void => {
      if (isLatePossible && !late.takeStale(series.seedAt(index), timeMs)) return;
      sums.addStaleMarker(index, timeMs);
    };
    return {
      float: (index, timeMs, high, low) => {
        if (isStaleMarker(high, low)) {
          addStale(index, timeMs);
          return;
        }
        hashFloat(series.seedAt(index), timeMs, high, low);
        add(index, timeMs);
      },
      histogram: (index, timeMs, sample, isStale) => {
        if (isStale) {
          addStale(index, timeMs);
          return;
        }
        hashHistogram(series.seedAt(index), timeMs, sample);
        add(index, timeMs);
      },
    };
  }

  private lateSink(doubt: Doubt | undefined): HeadSampleSink {
    const { series, options } = this;
    const add = (index: number, timeMs: number, isStale: boolean): void => {
      const identity = { seed: series.seedAt(index), job: series.jobs[series.jobAt(index)] ?? '' };
      options.late.add(identity, { timeMs, isStale, doubt, ...hashed });
    };
    return {
      float: (index, timeMs, high, low) => {
        hashFloat(series.seedAt(index), timeMs, high, low);
        add(index, timeMs, isStaleMarker(high, low));
      },
      histogram: (index, timeMs, sample, isStale) => {
        hashHistogram(series.seedAt(index), timeMs, sample);
        add(index, timeMs, isStale);
      },
    };
  }
}
