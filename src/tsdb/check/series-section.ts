import { crc32c } from '../bytes/crc32c.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { VarintCursor } from '../bytes/varint-cursor.ts';
import { Damage } from '../damage.ts';
import type { IndexHeader } from '../block/index-header.ts';
import { be32 } from '../bytes/pieces.ts';
import { findNonZero } from '../bytes/zero-run.ts';

/** One entry of the series section; its arrays are used again for the next one. */
export interface RawSeries {
  /** What postings and tombstones call it. */
  reference: number;
  /** Of the entry in the index. */
  offset: number;
  /** Symbols: name and value in turn. */
  readonly labels: number[];
  /** For each chunk: first time, last time, reference. */
  readonly chunks: number[];
}

export interface SeriesEvents {
  readonly onSeries: (series: RawSeries) => void;
  /** Something between `offset` and `end` that is no entry. `isSkipped` where it is passed over, and the walk goes on. */
  readonly onDamage: (damage: Damage, range: { readonly offset: number; readonly end: number }) => void;
}

const alignment = 16;
const longestEntry = 64 << 20;
/** How much is read in search of the next entry behind a damaged one, in all. */
const searchBytes = 64 << 20;
const longestFound = 1 << 20;

/** Walks over all entries and what lies between them. Returns the end of the last one. */
export class SeriesSection {
  private readonly file: FileWindow;
  private readonly end: number;
  private readonly alignment: number;
  private readonly start: number;
  private searched = 0;
  private readonly cursor = new VarintCursor();
  private readonly series: RawSeries = { reference: 0, offset: 0, labels: [], chunks: [] };

  constructor(file: FileWindow, { version, toc, seriesEnd }: IndexHeader) {
    this.file = file;
    this.start = toc.series;
    this.end = seriesEnd;
    this.alignment = version === 1 ? 1 : alignment;
  }

  walk(events: SeriesEvents): number {
    let at = this.start;
    for (;;) {
      const aligned = Math.ceil(at / this.alignment) * this.alignment;
      if (aligned >= this.end) return at;
      this.checkPadding(at, aligned, events);
      const next = this.readAt(aligned, events);
      if (next === undefined) return this.end;
      at = next;
    }
  }

  private checkPadding(from: number, to: number, { onDamage }: SeriesEvents): void {
    if (from === to) return;
    const wrong = findNonZero(this.file, from, to);
    if (wrong === undefined) return;
    onDamage(new Damage('bad-structure', 'padding between two series is not zero', wrong), { offset: wrong, end: to });
  }

  /** The end of the entry, or of what is passed over; undefined where nothing more can be found. */
  private readAt(at: number, events: SeriesEvents): number | undefined {
    let next: number | undefined;
    try {
      next = this.measure(at);
      this.parse(at, next);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const follows = next !== undefined && (next >= this.end - this.alignment || this.isEntry(this.align(next)));
      const resumed = follows ? next : this.search(at + this.alignment);
      events.onDamage(error, { offset: at, end: resumed ?? this.end });
      return resumed;
    }
    events.onSeries(this.series);
    return next;
  }

  private align(at: number): number {
    return Math.ceil(at / this.alignment) * this.alignment;
  }

  /** The exclusive end of the entry at `at`, by its length. */
  private measure(at: number): number {
    const left = Math.min(10, this.end - at);
    const from = this.file.locate(at, left);
    const { cursor } = this;
    cursor.reset(this.file.bytes, from, from + left);
    const length = cursor.uvarint();
    const next = at + (cursor.at - from) + length + 4;
    if (length === 0) throw new Damage('bad-structure', 'a series has no length', at);
    if (length > longestEntry || next > this.end) {
      throw new Damage('bad-structure', `a series of ${length} bytes does not fit into its section`, at);
    }
    return next;
  }

  private parse(at: number, next: number): void {
    const total = next - at;
    const from = this.file.locate(at, total);
    const { bytes } = this.file;
    const end = from + total - 4;
    const { cursor } = this;
    cursor.reset(bytes, from, end);
    cursor.uvarint();
    if (crc32c(bytes, cursor.at, end) !== be32(bytes, end)) {
      throw new Damage('bad-checksum', 'a series has a wrong checksum', at);
    }
    this.series.reference = at / this.alignment;
    this.series.offset = at;
    readLabels(cursor, this.series.labels);
    readChunks(cursor, this.series.chunks);
    if (cursor.left > 0) throw new Damage('bad-structure', `a series has ${cursor.left} bytes too many`, at);
  }

  /** The next place that an entry with a good checksum begins at. Only aligned entries can be found. */
  private search(from: number): number | undefined {
    if (this.alignment === 1) return undefined;
    for (let at = this.align(from); at < this.end && this.searched < searchBytes; at += this.alignment) {
      if (this.isEntry(at)) return at;
    }
    return undefined;
  }

  private isEntry(at: number): boolean {
    this.searched += this.alignment;
    if (at >= this.end) return false;
    try {
      const total = this.measure(at) - at;
      if (total > longestFound) return false;
      this.searched += total;
      this.parse(at, at + total);
      return true;
    } catch (error) {
      if (error instanceof Damage) return false;
      throw error;
    }
  }
}

function readLabels(cursor: VarintCursor, labels: number[]): void {
  const count = cursor.uvarint();
  if (count > cursor.left) throw new Damage('bad-structure', `a series counts ${count} labels`, cursor.at);
  labels.length = 0;
  for (let index = 0; index < 2 * count; index += 1) labels.push(cursor.uvarint());
}

function readChunks(cursor: VarintCursor, chunks: number[]): void {
  const count = cursor.uvarint();
  if (count > cursor.left) throw new Damage('bad-structure', `a series counts ${count} chunks`, cursor.at);
  chunks.length = 0;
  let time = 0;
  let reference = 0;
  for (let index = 0; index < count; index += 1) {
    const first = index === 0 ? cursor.varint() : time + cursor.uvarint();
    time = first + cursor.uvarint();
    reference = index === 0 ? cursor.uvarint() : reference + cursor.varint();
    chunks.push(first, time, reference);
  }
}
