import { addInterval, isDeleted } from '../block/tombstones.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import type { HistogramOrigin, HistogramSample } from '../chunk/sample-sink.ts';
import type { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { readHeadChunks, type HeadChunk } from './head-chunks.ts';
import { HeadSeries } from './head-series.ts';
import { listWal, readWal, type WalListing } from './wal-directory.ts';
import { parseRecord, type RecordSink } from './wal-records.ts';

export interface HeadReaderOptions {
  readonly files: TsdbFiles;
  /** Exclusive end of what blocks hold of the samples that came in order: older ones are passed over. */
  readonly minValidMs: number;
  /** A series that was not there yet; they are numbered from 0 as they come. */
  readonly onSeries: (labels: readonly Uint8Array[]) => void;
  readonly onDamage: (path: string, damage: Damage, isTorn: boolean) => void;
  readonly onHole: (missing: string, unread: readonly string[]) => void;
  /** So many samples are of series whose labels no record tells. */
  readonly onStrangers: (samples: number) => void;
  readonly onRead: (bytes: number) => void;
}

/** What samples of the head are told to, by the number of their series. */
export interface HeadSampleSink {
  float(series: number, timeMs: number, value: FloatBits): void;
  histogram(series: number, timeMs: number, value: HeadHistogram): void;
}

export interface FloatBits {
  readonly high: number;
  readonly low: number;
  readonly startMs: number;
}

export interface HeadHistogram extends HistogramOrigin {
  readonly sample: HistogramSample;
  readonly isStale: boolean;
}

interface ChunkPass {
  readonly isWanted: (chunk: HeadChunk, series: number) => boolean;
  readonly sink: HeadSampleSink;
  readonly onDamage: (path: string, damage: Damage) => void;
}

const unknownOrigin: HistogramOrigin = { startMs: 0, hint: 0 };

/**
 * Tells every sample of the head that Prometheus would replay (head.go Init), with what is stored beside it: the same ones
 * that an inventory counts (inventory/head-count.ts). To be called in this order: `readSeries`, `readLate`, `readInOrder`.
 */
export class HeadReader {
  private readonly options: HeadReaderOptions;
  private readonly series = new HeadSeries();
  private readonly deleted = new Map<number, (readonly [number, number])[]>();
  /** The record behind which a series began anew, since what it had was compacted away. */
  private readonly droppedAt = new Map<number, number>();
  private readonly wal: WalListing;
  private record = 0;
  private strangers = 0;

  constructor(options: HeadReaderOptions) {
    this.options = options;
    this.wal = this.list('wal');
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

  /** Samples that came out of order, in the order in which they count: of head chunks that say so, then of the WBL. */
  readLate(sink: HeadSampleSink): void {
    const kept = this.filtered(sink, (series, timeMs) => !isDeleted(this.deleted.get(series), timeMs));
    this.readChunks({
      isWanted: ({ isOutOfOrder }) => isOutOfOrder,
      sink: kept,
      // What is damaged is told when the others are read.
      onDamage: () => undefined,
    });
    this.walk(
      this.list('wbl'),
      this.recordSink(kept, () => undefined),
      true,
    );
  }

  /** Samples that came in order, of each series in the order of their times: of head chunks, then of the WAL. */
  readInOrder(sink: HeadSampleSink): void {
    const { minValidMs, onDamage, onStrangers } = this.options;
    const kept = this.filtered(sink, (series, timeMs) => this.enter(series, timeMs));
    this.readChunks({
      isWanted: (chunk, series) => !chunk.isOutOfOrder && chunk.maxTime >= minValidMs && !this.droppedAt.has(series),
      sink: kept,
      onDamage: (path, damage) => onDamage(path, damage, false),
    });
    // A reference that was never written down may later be given to another series (head.go lastSeriesID).
    this.series.forgetReferences();
    const alive = this.filtered(kept, (series) => this.isAlive(series));
    const noteStranger = (timeMs: number): void => {
      if (timeMs >= minValidMs) this.strangers += 1;
    };
    this.walk(
      this.wal,
      {
        ...this.recordSink(alive, noteStranger),
        series: (reference, labels) => this.addSeries(reference, labels),
      },
      true,
    );
    if (this.strangers > 0) onStrangers(this.strangers);
  }

  private readChunks({ isWanted, sink, onDamage }: ChunkPass): void {
    readHeadChunks(this.options.files, {
      onChunk: (chunk) => {
        const series = this.series.find(chunk.reference);
        if (series === undefined || !isWanted(chunk, series)) return;
        decodeChunk(chunk.encoding, chunk.data, {
          float: (timeMs, high, low, startMs = 0) => sink.float(series, timeMs, { high, low, startMs }),
          histogram: (timeMs, sample, isStale, origin = unknownOrigin) =>
            sink.histogram(series, timeMs, { sample, isStale, ...origin }),
        });
      },
      onDamage,
      onRead: this.options.onRead,
    });
  }

  private recordSink(sink: HeadSampleSink, onStranger: (timeMs: number) => void): RecordSink {
    return {
      ...nowhereRecords,
      float: (reference, timeMs, ...[high, low, startMs]) => {
        const series = this.series.find(reference);
        if (series === undefined) onStranger(timeMs);
        else sink.float(series, timeMs, { high, low, startMs });
      },
      histogram: (reference, timeMs, ...[sample, isStale, origin]) => {
        const series = this.series.find(reference);
        if (series === undefined) onStranger(timeMs);
        else sink.histogram(series, timeMs, { sample, isStale, ...origin });
      },
    };
  }

  private filtered(sink: HeadSampleSink, isKept: (series: number, timeMs: number) => boolean): HeadSampleSink {
    return {
      float: (series, timeMs, value) => {
        if (isKept(series, timeMs)) sink.float(series, timeMs, value);
      },
      histogram: (series, timeMs, value) => {
        if (isKept(series, timeMs)) sink.histogram(series, timeMs, value);
      },
    };
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
      onRead: this.options.onRead,
    });
  }

  private addSeries(reference: number, labels: readonly Uint8Array[]): void {
    const before = this.series.size;
    if (this.series.add(reference, labels, '') === before) this.options.onSeries(labels);
  }

  private noteDeletion(reference: number, fromMs: number, toMs: number): void {
    const series = this.series.find(reference);
    if (series === undefined) return;
    if (fromMs === -Infinity && toMs === Infinity) this.droppedAt.set(series, this.record);
    else addInterval(this.deleted, series, [fromMs, toMs]);
  }

  private isAlive(series: number): boolean {
    const droppedAt = this.droppedAt.get(series);
    return droppedAt === undefined || this.record > droppedAt;
  }

  /** False for one that is old, that came before, or that was deleted. */
  private enter(series: number, timeMs: number): boolean {
    if (timeMs < this.options.minValidMs || timeMs <= (this.series.newest[series] as number)) return false;
    this.series.newest[series] = timeMs;
    return !isDeleted(this.deleted.get(series), timeMs);
  }
}

const nowhereRecords = { series: () => undefined, deletion: () => undefined };
