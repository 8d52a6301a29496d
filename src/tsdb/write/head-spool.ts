import type { HeadSampleSink } from '../head/head-sample-sink.ts';
import { ByteWriter } from './byte-writer.ts';
import type { HeadFindings } from './head-findings.ts';
import { customBucketsSchema } from './histogram-layout-writer.ts';
import type { RunMerge } from './run-merge.ts';
import { SampleSpool } from './sample-spool.ts';
import { writeSpooledHistogram, type HeadHistogram } from './spooled-histogram.ts';

export interface HeadSpoolOptions {
  /** Absolute, of a file that has no name once it is open. */
  readonly path: string;
  /** The place of each series in the order of their labels, and the series at each place. */
  readonly ranks: Uint32Array;
  readonly series: Uint32Array;
  readonly findings: HeadFindings;
}

/** What numbers of a format of ours hold, with room for differences: the year 73,000. */
const mostMs = 2 ** 51;

/** Takes the samples of a head, those that came late first, and gives them back sorted. */
export class HeadSpool {
  /** To be told before the others. */
  readonly late: HeadSampleSink;
  readonly inOrder: HeadSampleSink;
  private readonly spool: SampleSpool;
  private readonly options: HeadSpoolOptions;
  private readonly bytes = new ByteWriter();

  constructor(options: HeadSpoolOptions) {
    const { path, ranks, series, findings } = options;
    this.options = options;
    this.spool = new SampleSpool({
      path,
      seriesCount: ranks.length,
      onConflict: (rank, timeMs) => findings.addConflict(series[rank] as number, timeMs),
    });
    this.late = this.sinkFor(true);
    this.inOrder = this.sinkFor(false);
  }

  sorted(): RunMerge {
    return this.spool.sorted();
  }

  close(): void {
    this.spool.close();
  }

  private sinkFor(isLate: boolean): HeadSampleSink {
    const { ranks, findings } = this.options;
    // Written out and not spread: this runs for each sample.
    return {
      float: (series, timeMs, ...[high, low, said]) => {
        const startMs = this.startOf(said);
        const rank = ranks[series] as number;
        if (isPossible(timeMs)) this.spool.add({ rank, timeMs, startMs, high, low, histogram: undefined }, isLate);
        else findings.noteImpossible();
      },
      histogram: (series, timeMs, ...[sample, isStale, origin]) => {
        const startMs = this.startOf(origin.startMs);
        const rank = ranks[series] as number;
        if (!isPossible(timeMs) || !(isStale || isKnownSchema(sample.schema))) findings.noteImpossible();
        else
          this.spool.add(
            { rank, timeMs, startMs, high: 0, low: 0, histogram: this.bytesOf({ sample, isStale, ...origin }) },
            isLate,
          );
      },
    };
  }

  private startOf(startMs: number): number {
    if (isPossible(startMs)) return startMs;
    this.options.findings.noteLostStart();
    return 0;
  }

  private bytesOf(histogram: HeadHistogram): Uint8Array {
    writeSpooledHistogram(this.bytes.clear(), histogram);
    return this.bytes.written;
  }
}

function isPossible(timeMs: number): boolean {
  return Math.abs(timeMs) < mostMs;
}

/** Those that a chunk may have (chunk/histogram-layout.ts). */
function isKnownSchema(schema: number): boolean {
  return (schema >= -4 && schema <= 8) || schema === customBucketsSchema;
}
