import { decodeChunk } from '../chunk/decode-chunk.ts';
import type { SampleSink } from '../chunk/sample-sink.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { DroppedSamples, unheldEntries } from './dropped-samples.ts';
import { hashingSink } from './hashing-sink.ts';
import { readHeadChunks, type HeadChunk } from './head-chunks.ts';
import { HeadDeletions } from './head-deletions.ts';
import type { HeadEvents } from './head-events.ts';
import { both, choose, chunkSink, type HeadSampleSink } from './head-sample-sink.ts';
import { HeadSeries } from './head-series.ts';
import { LastChunk } from './last-chunk.ts';
import { MappedLate } from './mapped-late.ts';
import { listWal, readWal, type WalListing } from './wal-directory.ts';
import { noSink, parseRecord, type RecordSink } from './wal-records.ts';

export interface HeadReaderOptions {
  readonly files: TsdbFiles;
  readonly events: HeadEvents;
  /** What is kept of the labels of a series, in the place of its job. */
  readonly jobOf?: (labels: readonly Uint8Array[]) => string;
  /** A series that was not there yet; they are numbered from 0 as they come. */
  readonly onSeries?: (labels: readonly Uint8Array[]) => void;
}

/**
 * Why Prometheus may not answer a sample that came out of order. It drops it when it starts: it is in a head chunk of a
 * reference that its series no longer has, or the WBL says that it is in a head chunk. Or it lies where something was deleted
 * of the head, which 3.x hides until it cuts a block of it, and 2.x does not (ooo_head_read.go).
 */
export type Doubt = 'old-reference' | 'marked' | 'hidden';

/**
 * Tells every sample of the head that Prometheus would replay (head.go Init, head_wal.go loadWAL), once: for an inventory,
 * for blocks that are made of it, and for its coverage. To be called in this order: `readSeries`, `readLate`, `readInOrder`.
 *
 * Prometheus begins a series anew where a record tells its labels once more, with the same reference or another one, as
 * when a series was gone for a while, or when segments were copied: what it has replayed of it before is taken for
 * compacted and dropped, and of the head chunks those with the reference of this record take its place. So what counts are
 * the samples behind the last such record, and the chunks with its reference.
 */
export class HeadReader {
  readonly series = new HeadSeries();
  /** When the sample before the one that is told in order was, of the same series. */
  beforeMs = -Infinity;
  private readonly options: HeadReaderOptions;
  private readonly deleted = new HeadDeletions();
  /** The record that says of a series that what it had was compacted away. */
  private readonly compactedAt = new Map<number, number>();
  /** Of each series that is told more than once, where its head chunks begin; Infinity where it has none. */
  private readonly chunksFrom = new Map<number, number>();
  /** Of head chunks, most of which the WAL holds as well, and of the WAL. */
  private readonly droppedChunks = new DroppedSamples();
  private readonly dropped = new DroppedSamples();
  private readonly wal: WalListing;
  private minValidMs = -Infinity;
  private record = 0;
  private strangers = 0;
  private unheld = 0;

  constructor(options: HeadReaderOptions) {
    this.options = options;
    this.wal = this.list('wal');
  }

  /** Which series there are, and what was deleted of them. */
  readSeries(): void {
    this.walk(this.wal, {
      ...noSink,
      series: (reference, labels) => this.beginSeries(reference, labels),
      deletion: (reference, fromMs, toMs) => this.noteDeletion(reference, fromMs, toMs),
    });
  }

  /**
   * Samples that came out of order, in the order in which they count: of head chunks that say so, then of the WBL. Those in
   * chunks of an older reference are doubtful: Prometheus drops them, but for some that 2.42 reads from the WBL. So are those
   * of the WBL that a marker drops: mostly they are in a head chunk, which has been told then. Deletions of the head are not
   * for them: no version leaves them out of the block that it cuts of them.
   */
  readLate(sinkOf: (doubt?: Doubt) => HeadSampleSink): void {
    const [sink, old, marked, hidden] = [sinkOf(), sinkOf('old-reference'), sinkOf('marked'), sinkOf('hidden')];
    const isHidden = (series: number, timeMs: number) => this.deleted.has(series, timeMs);
    const known = choose(isHidden, hidden, sink);
    const last = new LastChunk();
    this.readChunks(
      ({ isOutOfOrder, reference }, series) => {
        if (!isOutOfOrder) return undefined;
        return chunkSink(series, this.series.isNamed(series, reference) ? known : old);
      },
      // What is damaged is told when the others are read.
      (...[, , file]) => last.noteDamage(file),
      (chunk, file) => last.note(file, chunk.offset),
    );
    const wbl = this.list('wbl');
    const mapped = this.findMapped(wbl, last);
    const targetOf = (series: number) => (mapped.isDropped(series) ? marked : known);
    this.walk(
      wbl,
      this.recordSink(targetOf, () => undefined),
      true,
    );
  }

  private findMapped(wbl: WalListing, last: LastChunk): MappedLate {
    const mapped = new MappedLate();
    const replay = (series: number, timeMs: number) => {
      mapped.replay(series, timeMs);
      return undefined;
    };
    this.walk(wbl, {
      ...this.recordSink(replay, () => undefined),
      marker: (reference, file, offset) => {
        const series = this.series.find(reference);
        if (series !== undefined && last.isAtOrBehind(file, offset)) mapped.mark(series);
      },
    });
    return mapped;
  }

  /**
   * Samples that came in order, of each series in the order of their times: of head chunks, then of the WAL. `minValidMs` is
   * the exclusive end of what blocks hold of them: older ones are passed over.
   */
  readInOrder(minValidMs: number, sink: HeadSampleSink): void {
    const { onDamage, onStrangers, onDropped } = this.options.events;
    this.minValidMs = minValidMs;
    const enter = (series: number, timeMs: number) => this.enter(series, timeMs);
    const drop = hashingSink(this.series, (series, timeMs) => this.droppedChunks.drop(series, timeMs));
    const isMissed = (series: number, timeMs: number) => timeMs >= minValidMs && !this.deleted.has(series, timeMs);
    this.readChunks(
      (chunk, series) => {
        if (chunk.isOutOfOrder || chunk.maxTime < minValidMs) return undefined;
        if (this.series.isNamed(series, chunk.reference)) {
          if (this.chunksFrom.get(series) === Infinity) this.chunksFrom.set(series, chunk.minTime);
          return chunkSink(series, sink, enter);
        }
        return this.compactedAt.has(series) ? undefined : chunkSink(series, drop, isMissed);
      },
      (path, damage) => onDamage(path, damage, false),
    );
    // A reference that was never written down may later be given to another series (head.go lastSeriesID).
    this.series.forgetReferences();
    const samples = this.recordSink(this.replayTo(sink), (timeMs) => this.noteStranger(timeMs));
    this.walk(this.wal, { ...samples, series: (reference, labels) => this.addSeries(reference, labels) }, true);
    if (this.strangers > 0) onStrangers?.(this.strangers);
    this.dropped.tellTo((dropped) => onDropped?.('wal', dropped));
    this.droppedChunks.tellTo((dropped) => onDropped?.('chunks_head', dropped));
    const { returning } = this.deleted;
    if (returning !== undefined) onDropped?.('wal', returning);
    if (this.unheld > 0) onDropped?.('wal', unheldEntries(this.unheld));
  }

  /** Where the samples of a chunk go; undefined for one that is left alone. */
  private readChunks(
    sinkOf: (chunk: HeadChunk, series: number) => SampleSink | undefined,
    onDamage: (path: string, damage: Damage, file: number) => void,
    onPlace: (chunk: HeadChunk, file: number) => void = () => undefined,
  ): void {
    readHeadChunks(this.options.files, {
      onChunk: (chunk, file) => {
        onPlace(chunk, file);
        const series = this.series.find(chunk.reference);
        const sink = series === undefined ? undefined : sinkOf(chunk, series);
        if (sink !== undefined) this.decode(chunk, sink);
      },
      onDamage,
      ...this.onRead(),
    });
  }

  /** A chunk whose times are not held is told up to there. */
  private decode({ encoding, data }: HeadChunk, sink: SampleSink): void {
    try {
      decodeChunk(encoding, data, sink);
    } catch (error) {
      if (!(error instanceof Damage) || error.rule !== 'out-of-range') throw error;
      this.unheld += 1;
    }
  }

  private list(name: 'wal' | 'wbl'): WalListing {
    const listing = listWal(this.options.files, name);
    if (listing.hole !== null) this.options.events.onHole(listing.hole.missing, listing.hole.unread);
    return listing;
  }

  private walk(wal: WalListing, sink: RecordSink, tellDamage = false): void {
    this.record = 0;
    // A log is read more than once.
    const counting = tellDamage ? { ...sink, unheld: () => void (this.unheld += 1) } : sink;
    readWal(this.options.files, wal, {
      onRecord: ({ bytes }) => {
        this.record += 1;
        parseRecord(bytes, counting);
      },
      onDamage: (path, damage, isTorn) => {
        if (tellDamage) this.options.events.onDamage(path, damage, isTorn);
      },
      ...this.onRead(),
    });
  }

  private onRead() {
    const { onRead } = this.options.events;
    return onRead === undefined ? {} : { onRead };
  }

  private addSeries(reference: number, labels: readonly Uint8Array[]): number {
    const { jobOf, onSeries } = this.options;
    const before = this.series.size;
    const series = this.series.add(reference, labels, jobOf?.(labels) ?? '');
    if (series === before) onSeries?.(labels);
    return series;
  }

  private beginSeries(reference: number, labels: readonly Uint8Array[]): void {
    const before = this.series.size;
    const known = this.series.find(reference);
    const series = this.addSeries(reference, labels);
    if (series < before) this.chunksFrom.set(series, Infinity);
    if (series < before && series !== known) this.deleted.noteFurther(reference);
    this.series.begin(series, reference, this.record);
  }

  private noteDeletion(reference: number, fromMs: number, toMs: number): void {
    const series = this.series.find(reference);
    if (series === undefined) return;
    if (fromMs === -Infinity && toMs === Infinity) {
      this.compactedAt.set(series, this.record);
      this.deleted.forget(series);
      this.series.endAll(series);
    } else this.deleted.add(series, reference, [fromMs, toMs]);
  }

  private recordSink(
    targetOf: (series: number, timeMs: number) => HeadSampleSink | undefined,
    onStranger: (timeMs: number) => void,
  ): RecordSink {
    return {
      ...noSink,
      float: (reference, timeMs, ...[high, low, startMs]) => {
        const series = this.series.find(reference);
        if (series === undefined) onStranger(timeMs);
        else targetOf(series, timeMs)?.float(series, timeMs, high, low, startMs);
      },
      histogram: (reference, timeMs, ...[sample, isStale, origin]) => {
        const series = this.series.find(reference);
        if (series === undefined) onStranger(timeMs);
        else targetOf(series, timeMs)?.histogram(series, timeMs, sample, isStale, origin);
      },
    };
  }

  /** Where a sample of the WAL goes; undefined for one that does not count. */
  private replayTo(sink: HeadSampleSink): (series: number, timeMs: number) => HeadSampleSink | undefined {
    const { dropped, droppedChunks } = this;
    const drop = hashingSink(this.series, (series, timeMs) => dropped.drop(series, timeMs));
    const note = hashingSink(this.series, (series, timeMs) => {
      dropped.replay(series, timeMs);
      droppedChunks.replay(series, timeMs);
    });
    const noted = both(note, sink);
    return (series, timeMs) => {
      if (this.record <= (this.series.beganAt[series] as number)) {
        return this.isDropped(series, timeMs) ? drop : undefined;
      }
      if (!this.enter(series, timeMs)) return undefined;
      return dropped.has(series) || droppedChunks.has(series) ? noted : sink;
    };
  }

  /** A sample before its series began anew: false where it is old, in a head chunk, or deleted. */
  private isDropped(series: number, timeMs: number): boolean {
    if (this.record <= (this.compactedAt.get(series) ?? 0)) return false;
    if (this.series.isGone(series)) {
      this.noteStranger(timeMs);
      return false;
    }
    const isInChunk =
      timeMs >= (this.chunksFrom.get(series) ?? Infinity) && timeMs <= (this.series.newest[series] as number);
    return timeMs >= this.minValidMs && !isInChunk && !this.deleted.has(series, timeMs);
  }

  /** False for one that is old, that came before, or that was deleted. */
  private enter(series: number, timeMs: number): boolean {
    const before = this.series.newest[series] as number;
    if (timeMs < this.minValidMs || timeMs <= before) return false;
    this.beforeMs = before;
    this.series.newest[series] = timeMs;
    return this.deleted.admit(series, timeMs);
  }

  private noteStranger(timeMs: number): void {
    if (timeMs >= this.minValidMs) this.strangers += 1;
  }
}
