import { isStaleMarker } from '../chunk/sample-sink.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { HeadEvents } from '../head/head-events.ts';
import { HeadReader, type Doubt } from '../head/head-reader.ts';
import type { HeadSampleSink } from '../head/head-sample-sink.ts';
import type { HeadSeries } from '../head/head-series.ts';
import { jobOf } from './count-blocks.ts';
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
    this.reader.readInOrder(minValidMs, late.isEmpty ? this.sink() : this.takingFrom(late));
    this.sums.end();
  }

  private sink(): HeadSampleSink {
    const { sums, series } = this;
    return {
      float: (index, timeMs, high, low) => {
        if (isStaleMarker(high, low)) {
          sums.addStaleMarker(index, timeMs);
          return;
        }
        hashFloat(series.seedAt(index), timeMs, high, low);
        sums.add(index, timeMs);
      },
      histogram: (index, timeMs, sample, isStale) => {
        if (isStale) {
          sums.addStaleMarker(index, timeMs);
          return;
        }
        hashHistogram(series.seedAt(index), timeMs, sample);
        sums.add(index, timeMs);
      },
    };
  }

  /** What came in order as well is not counted as late. */
  private takingFrom(late: LateSamples): HeadSampleSink {
    const sink = this.sink();
    return {
      float: (index, timeMs, ...value) => {
        late.take(this.series.seedAt(index), timeMs);
        sink.float(index, timeMs, ...value);
      },
      histogram: (index, timeMs, ...value) => {
        late.take(this.series.seedAt(index), timeMs);
        sink.histogram(index, timeMs, ...value);
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
