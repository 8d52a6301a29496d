import { addInterval, isDeleted } from '../block/tombstones.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { isStaleMarker, type HistogramSample, type SampleSink } from '../chunk/sample-sink.ts';
import type { Damage } from '../damage.ts';
import { readHeadChunks, type HeadChunk } from '../head/head-chunks.ts';
import { HeadSeries } from '../head/head-series.ts';
import { listWal, readWal, type WalListing } from '../head/wal-directory.ts';
import { parseRecord, type RecordSink } from '../head/wal-records.ts';
import { jobOf } from './count-blocks.ts';
import type { HeadSums } from './head-tally.ts';
import { hashed, hashFloat, hashHistogram } from './sample-digest.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { LateSamples } from './late-samples.ts';

export interface CountHeadOptions {
  readonly files: TsdbFiles;
  /** Exclusive end of the newest block whose samples came in order: older samples of the head are not looked at again. */
  readonly minValidMs: number;
  readonly sumsOf: (series: HeadSeries) => HeadSums;
  /** Out-of-order samples, which are counted once all others are known. */
  readonly late: LateSamples;
  readonly onDamage: (path: string, damage: Damage, isTorn: boolean) => void;
  readonly onHole: (missing: string, unread: readonly string[]) => void;
  /** So many samples are of series whose labels no record tells. */
  readonly onStrangers?: (samples: number) => void;
  readonly onRead?: (bytes: number) => void;
}

interface ChunkPass {
  readonly isWanted: (chunk: HeadChunk, index: number) => boolean;
  readonly sinkOf: (chunk: HeadChunk, index: number) => SampleSink;
  readonly onDamage: (path: string, damage: Damage) => void;
}

/**
 * What the head holds that Prometheus would replay (head.go Init): head chunks first, then the WAL behind them. To be
 * called in this order: `readSeries`, `readLate`, and once the blocks are counted, `count`.
 */
export class HeadCount {
  private readonly options: CountHeadOptions;
  private readonly series = new HeadSeries();
  private readonly sums: HeadSums;
  private readonly deleted = new Map<number, (readonly [number, number])[]>();
  /** The record behind which a series began anew, since what it had was compacted away. */
  private readonly droppedAt = new Map<number, number>();
  private readonly wal: WalListing;
  private record = 0;
  private strangers = 0;

  constructor(options: CountHeadOptions) {
    this.options = options;
    this.sums = options.sumsOf(this.series);
    this.wal = this.list('wal');
  }

  get seriesCount(): number {
    return this.series.size;
  }

  /** Which series there are, and what was deleted of them. */
  readSeries(): void {
    this.walk(this.wal, {
      series: (reference, labels) => this.addSeries(reference, labels),
      float: () => undefined,
      histogram: () => undefined,
      deletion: (reference, fromMs, toMs) => this.noteDeletion(reference, fromMs, toMs),
    });
  }

  /** Samples that came out of order: head chunks that say so, and the WBL. */
  readLate(): void {
    this.readChunks({
      isWanted: ({ isOutOfOrder }) => isOutOfOrder,
      sinkOf: (_, index) => this.lateSink(index),
      // What is damaged is told when the others are counted.
      onDamage: () => undefined,
    });
    const sinkOf = (reference: number): SampleSink | undefined => {
      const index = this.series.find(reference);
      return index === undefined ? undefined : this.lateSink(index);
    };
    this.walk(
      this.list('wbl'),
      {
        series: () => undefined,
        deletion: () => undefined,
        float: (reference, timeMs, high, low) => sinkOf(reference)?.float(timeMs, high, low),
        histogram: (reference, timeMs, sample, isStale) => sinkOf(reference)?.histogram(timeMs, sample, isStale),
      },
      true,
    );
  }

  /** The samples that came in order: those of head chunks, then those of the WAL that are in none. */
  count(): void {
    const { minValidMs } = this.options;
    this.readChunks({
      isWanted: (chunk, index) => !chunk.isOutOfOrder && chunk.maxTime >= minValidMs && !this.droppedAt.has(index),
      sinkOf: (_, index) => this.chunkSink(index),
      onDamage: (path, damage) => this.options.onDamage(path, damage, false),
    });
    // A reference that was never written down may later be given to another series (head.go lastSeriesID).
    this.series.forgetReferences();
    this.walk(this.wal, this.samplesSink(), true);
    this.sums.end();
    if (this.strangers > 0) this.options.onStrangers?.(this.strangers);
  }

  private readChunks({ isWanted, sinkOf, onDamage }: ChunkPass): void {
    readHeadChunks(this.options.files, {
      onChunk: (chunk) => {
        const index = this.series.find(chunk.reference);
        if (index === undefined || !isWanted(chunk, index)) return;
        decodeChunk(chunk.encoding, chunk.data, sinkOf(chunk, index));
      },
      onDamage,
      ...this.onRead(),
    });
  }

  private list(name: 'wal' | 'wbl'): WalListing {
    const listing = listWal(this.options.files, name);
    if (listing.hole !== null) this.options.onHole(listing.hole.missing, listing.hole.unread);
    return listing;
  }

  private walk(wal: WalListing, sink: RecordSink, tellDamage = false): void {
    this.record = 0;
    readWal(this.options.files, wal, {
      onRecord: ({ bytes }) => {
        this.record += 1;
        parseRecord(bytes, sink);
      },
      onDamage: (path, damage, isTorn) => {
        if (tellDamage) this.options.onDamage(path, damage, isTorn);
      },
      ...this.onRead(),
    });
  }

  private onRead() {
    return this.options.onRead === undefined ? {} : { onRead: this.options.onRead };
  }

  private noteDeletion(reference: number, fromMs: number, toMs: number): void {
    const index = this.series.find(reference);
    if (index === undefined) return;
    if (fromMs === -Infinity && toMs === Infinity) this.droppedAt.set(index, this.record);
    else addInterval(this.deleted, index, [fromMs, toMs]);
  }

  private lateSink(index: number): SampleSink {
    const identity = { seed: this.series.seedAt(index), job: this.series.jobs[this.series.jobAt(index)] ?? '' };
    const keep = (timeMs: number, isStale: boolean, hash: () => void): void => {
      if (isDeleted(this.deleted.get(index), timeMs)) return;
      hash();
      this.options.late.add(identity, { timeMs, isStale, ...hashed });
    };
    const { seed } = identity;
    return {
      float: (timeMs, high, low) => keep(timeMs, isStaleMarker(high, low), () => hashFloat(seed, timeMs, high, low)),
      histogram: (timeMs, sample, isStale) => keep(timeMs, isStale, () => hashHistogram(seed, timeMs, sample)),
    };
  }

  private chunkSink(index: number): SampleSink {
    return {
      float: (timeMs, high, low) => this.takeFloat(index, timeMs, { high, low }),
      histogram: (timeMs, sample, isStale) => this.takeHistogram(index, timeMs, { sample, isStale }),
    };
  }

  private samplesSink(): RecordSink {
    return {
      series: (reference, labels) => this.addSeries(reference, labels),
      deletion: () => undefined,
      float: (reference, timeMs, high, low) => {
        const index = this.series.find(reference);
        if (index === undefined) this.noteStranger(timeMs);
        else if (this.isAlive(index)) this.takeFloat(index, timeMs, { high, low });
      },
      histogram: (reference, timeMs, sample, isStale) => {
        const index = this.series.find(reference);
        if (index === undefined) this.noteStranger(timeMs);
        else if (this.isAlive(index)) this.takeHistogram(index, timeMs, { sample, isStale });
      },
    };
  }

  private addSeries(reference: number, labels: readonly Uint8Array[]): void {
    this.series.add(reference, labels, jobOf(labels));
  }

  private noteStranger(timeMs: number): void {
    if (timeMs >= this.options.minValidMs) this.strangers += 1;
  }

  private isAlive(index: number): boolean {
    const droppedAt = this.droppedAt.get(index);
    return droppedAt === undefined || this.record > droppedAt;
  }

  /** False for one that is old, that came before, or that was deleted. */
  private enter(index: number, timeMs: number): boolean {
    if (timeMs < this.options.minValidMs || timeMs <= (this.series.newest[index] as number)) return false;
    this.series.newest[index] = timeMs;
    if (isDeleted(this.deleted.get(index), timeMs)) return false;
    const { late } = this.options;
    if (!late.isEmpty) late.take(this.series.seedAt(index), timeMs);
    return true;
  }

  private takeFloat(index: number, timeMs: number, { high, low }: { high: number; low: number }): void {
    if (!this.enter(index, timeMs)) return;
    if (isStaleMarker(high, low)) {
      this.sums.addStaleMarker(index, timeMs);
      return;
    }
    hashFloat(this.series.seedAt(index), timeMs, high, low);
    this.sums.add(index, timeMs);
  }

  private takeHistogram(
    index: number,
    timeMs: number,
    { sample, isStale }: { sample: HistogramSample; isStale: boolean },
  ): void {
    if (!this.enter(index, timeMs)) return;
    if (isStale) {
      this.sums.addStaleMarker(index, timeMs);
      return;
    }
    hashHistogram(this.series.seedAt(index), timeMs, sample);
    this.sums.add(index, timeMs);
  }
}
