import { addInterval, isDeleted } from '../block/tombstones.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { isStaleMarker, type SampleSink } from '../chunk/sample-sink.ts';
import type { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { readHeadChunks, type HeadChunk } from '../head/head-chunks.ts';
import { HeadSeries } from '../head/head-series.ts';
import { listWal, readWal, type WalListing } from '../head/wal-directory.ts';
import { parseRecord, type RecordSink } from '../head/wal-records.ts';
import type { LateTimes } from './late-times.ts';
import { kindOf, type SeriesKind } from './series-kind.ts';
import { UnitCount, type UnitTimes } from './unit-times.ts';

export interface HeadTimesOptions {
  readonly files: TsdbFiles;
  /** Out-of-order samples, which are counted once all others are known. */
  readonly late: LateTimes;
  readonly onDamage: (path: string, damage: Damage, isTorn: boolean) => void;
  readonly onHole: (missing: string, unread: readonly string[]) => void;
  readonly onRead: (bytes: number) => void;
}

/**
 * When the head holds samples that Prometheus would replay, with the same rules as the inventory's HeadCount: head chunks
 * first, then the WAL behind them. To be called in this order: `readSeries`, `readLate`, and once the blocks are read, `read`.
 */
export class HeadTimes {
  private readonly options: HeadTimesOptions;
  private readonly series = new HeadSeries();
  private readonly unit = new UnitCount();
  private readonly deleted = new Map<number, (readonly [number, number])[]>();
  /** The record behind which a series began anew, since what it had was compacted away. */
  private readonly droppedAt = new Map<number, number>();
  private readonly kinds = new Map<string, SeriesKind>();
  private readonly wal: WalListing;
  private record = 0;
  /** Exclusive end of the newest block whose samples came in order. */
  private minValidMs = -Infinity;

  constructor(options: HeadTimesOptions) {
    this.options = options;
    this.wal = this.list('wal');
  }

  readSeries(): void {
    this.walk(this.wal, {
      ...nothing,
      series: (reference, labels) => this.addSeries(reference, labels),
      deletion: (reference, fromMs, toMs) => this.noteDeletion(reference, fromMs, toMs),
    });
  }

  /** Samples that came out of order: head chunks that say so, and the WBL. */
  readLate(): void {
    this.readChunks(
      ({ isOutOfOrder }) => isOutOfOrder,
      (index) => this.lateSink(index),
      // What is damaged is told when the others are read.
      () => undefined,
    );
    const sinkOf = (reference: number): SampleSink | undefined => {
      const index = this.series.find(reference);
      return index === undefined ? undefined : this.lateSink(index);
    };
    const sink: RecordSink = {
      ...nothing,
      float: (reference, ...sample) => sinkOf(reference)?.float(...sample),
      histogram: (reference, ...sample) => sinkOf(reference)?.histogram(...sample),
    };
    this.walk(this.list('wbl'), sink, true);
  }

  /** The samples that came in order: those of head chunks, then those of the WAL that are in none. */
  read(minValidMs: number): UnitTimes {
    this.minValidMs = minValidMs;
    this.readChunks(
      (chunk, index) => !chunk.isOutOfOrder && chunk.maxTime >= minValidMs && !this.droppedAt.has(index),
      (index) => this.chunkSink(index),
      (path, damage) => this.options.onDamage(path, damage, false),
    );
    // A reference that was never written down may later be given to another series (head.go lastSeriesID).
    this.series.forgetReferences();
    this.walk(this.wal, this.samplesSink(), true);
    return this.unit.finish();
  }

  private readChunks(
    isWanted: (chunk: HeadChunk, index: number) => boolean,
    sinkOf: (index: number) => SampleSink,
    onDamage: (path: string, damage: Damage) => void,
  ): void {
    const { files, onRead } = this.options;
    readHeadChunks(files, {
      onChunk: (chunk) => {
        const index = this.series.find(chunk.reference);
        if (index === undefined || !isWanted(chunk, index)) return;
        decodeChunk(chunk.encoding, chunk.data, sinkOf(index));
      },
      onDamage,
      onRead,
    });
  }

  private list(name: 'wal' | 'wbl'): WalListing {
    const listing = listWal(this.options.files, name);
    if (listing.hole !== null) this.options.onHole(listing.hole.missing, listing.hole.unread);
    return listing;
  }

  private walk(wal: WalListing, sink: RecordSink, tellDamage = false): void {
    const { files, onDamage, onRead } = this.options;
    this.record = 0;
    readWal(files, wal, {
      onRecord: ({ bytes }) => {
        this.record += 1;
        parseRecord(bytes, sink);
      },
      onDamage: (path, damage, isTorn) => {
        if (tellDamage) onDamage(path, damage, isTorn);
      },
      onRead,
    });
  }

  /** What is told apart is the job and the kind; both stand in the place of the job in the table of series. */
  private addSeries(reference: number, labels: readonly Uint8Array[]): void {
    const kind = kindOf(labels);
    const key = `${kind.kind} ${kind.job}`;
    if (!this.kinds.has(key)) this.kinds.set(key, kind);
    this.series.add(reference, labels, key);
  }

  private kindAt(index: number): SeriesKind {
    const kind = this.kinds.get(this.series.jobs[this.series.jobAt(index)] ?? '');
    return kind ?? { job: '', kind: 'scraped' };
  }

  private noteDeletion(reference: number, fromMs: number, toMs: number): void {
    const index = this.series.find(reference);
    if (index === undefined) return;
    if (fromMs === -Infinity && toMs === Infinity) this.droppedAt.set(index, this.record);
    else addInterval(this.deleted, index, [fromMs, toMs]);
  }

  private lateSink(index: number): SampleSink {
    const [seed, { job }] = [this.series.seedAt(index), this.kindAt(index)];
    const keep = (timeMs: number, isStale: boolean): void => {
      if (!isDeleted(this.deleted.get(index), timeMs)) this.options.late.add(seed, job, { timeMs, isStale });
    };
    return {
      float: (timeMs, high, low) => keep(timeMs, isStaleMarker(high, low)),
      histogram: (timeMs, _, isStale) => keep(timeMs, isStale),
    };
  }

  private chunkSink(index: number): SampleSink {
    return {
      float: (timeMs, high, low) => this.takeFloat(index, timeMs, { high, low }),
      histogram: (timeMs, _, isStale) => this.takeHistogram(index, timeMs, isStale),
    };
  }

  private samplesSink(): RecordSink {
    const alive = (reference: number): number | undefined => {
      const index = this.series.find(reference);
      return index === undefined || !this.isAlive(index) ? undefined : index;
    };
    return {
      ...nothing,
      series: (reference, labels) => this.addSeries(reference, labels),
      float: (reference, timeMs, high, low) => {
        const index = alive(reference);
        if (index !== undefined) this.takeFloat(index, timeMs, { high, low });
      },
      histogram: (reference, timeMs, _, isStale) => {
        const index = alive(reference);
        if (index !== undefined) this.takeHistogram(index, timeMs, isStale);
      },
    };
  }

  private isAlive(index: number): boolean {
    const droppedAt = this.droppedAt.get(index);
    return droppedAt === undefined || this.record > droppedAt;
  }

  private takeFloat(index: number, timeMs: number, { high, low }: { high: number; low: number }): void {
    const before = this.series.newest[index] as number;
    if (!this.enter(index, timeMs) || isStaleMarker(high, low)) return;
    const kind = this.kindAt(index);
    if (kind.kind === 'up' && high === 0 && low === 0) this.unit.downOf(kind.job)?.add(timeMs, timeMs, 1);
    this.add(kind, timeMs, before);
  }

  private takeHistogram(index: number, timeMs: number, isStale: boolean): void {
    const before = this.series.newest[index] as number;
    if (this.enter(index, timeMs) && !isStale) this.add(this.kindAt(index), timeMs, before);
  }

  private add(kind: SeriesKind, timeMs: number, beforeMs: number): void {
    const { runs, intervals } = this.unit.timesOf(kind);
    if (beforeMs !== -Infinity) intervals.add(timeMs - beforeMs);
    runs.add(timeMs, timeMs, 1);
  }

  /** False for one that is old, that came before, or that was deleted. */
  private enter(index: number, timeMs: number): boolean {
    if (timeMs < this.minValidMs || timeMs <= (this.series.newest[index] as number)) return false;
    this.series.newest[index] = timeMs;
    if (isDeleted(this.deleted.get(index), timeMs)) return false;
    const { late } = this.options;
    if (!late.isEmpty) late.timesOf(this.series.seedAt(index))?.delete(timeMs);
    return true;
  }
}

const nothing: RecordSink = {
  series: () => undefined,
  float: () => undefined,
  histogram: () => undefined,
  deletion: () => undefined,
};
