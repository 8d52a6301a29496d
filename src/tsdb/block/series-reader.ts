import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { IndexHeader } from './index-header.ts';
import type { Symbols } from './symbols.ts';

/** One chunk of a series as the index knows it. Times in ms, both inclusive. */
export interface ChunkMeta {
  readonly minTime: number;
  readonly maxTime: number;
  /** File number, from 1. */
  readonly segment: number;
  readonly offset: number;
}

export interface SeriesEntry {
  /** What postings and tombstones call it. */
  readonly reference: number;
  /** Offset in the index file. */
  readonly offset: number;
  /** Name and value in turn, UTF-8, sorted by name; views into the symbol table. */
  readonly labels: readonly Uint8Array[];
  readonly chunks: readonly ChunkMeta[];
}

export interface SeriesDamage {
  readonly offset: number;
  readonly damage: Damage;
}

/** One of several parts of a block's series, about equally long. */
export interface SeriesPart {
  /** From 0. */
  readonly number: number;
  readonly count: number;
}

export interface SeriesWalk {
  readonly part?: SeriesPart | undefined;
  /** Told of each entry before the part. */
  readonly onPassed?: () => void;
}

const longestEntry = 64 << 20;

/**
 * Walks over the series section in its order, which is that of the labels. A damaged entry is told and passed over where
 * its length can still be believed; otherwise the walk ends with it. Of a part, only what begins in it is told; entries
 * before it are passed over by their lengths.
 */
export function* readSeries(
  file: FileWindow,
  header: IndexHeader,
  symbols: Symbols,
  { part = { number: 0, count: 1 }, onPassed }: SeriesWalk = {},
): Generator<SeriesEntry | SeriesDamage, void> {
  const isAligned = header.version !== 1;
  let at = header.toc.series;
  const [fromOffset, toOffset] = offsetsOf(part, header);
  while (at < header.seriesEnd) {
    if (isAligned && at % 16 !== 0) at += 16 - (at % 16);
    if (at >= header.seriesEnd || at >= toOffset) return;
    let next: number;
    try {
      const lengthCursor = new ByteCursor(file.readUpTo(at, Math.min(10, header.seriesEnd - at)));
      const length = lengthCursor.uvarint();
      if (length === 0) {
        requireZeros(file, at, header.seriesEnd);
        return;
      }
      const contentAt = at + lengthCursor.at;
      if (length > longestEntry || contentAt + length + 4 > header.seriesEnd) {
        throw new Damage('bad-structure', `a series of ${length} bytes does not fit into its section`, at);
      }
      next = contentAt + length + 4;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      if (at >= fromOffset) yield { offset: at, damage: error };
      return;
    }
    if (at < fromOffset) onPassed?.();
    else yield readEntry(file, { at, next, reference: isAligned ? at / 16 : at }, symbols);
    at = next;
  }
}

function offsetsOf({ number, count }: SeriesPart, { toc, seriesEnd }: IndexHeader): readonly [number, number] {
  const step = (seriesEnd - toc.series) / count;
  return [toc.series + number * step, number === count - 1 ? Infinity : toc.series + (number + 1) * step];
}

/** Padding up to the next section. Anything else behind an empty entry is entries that cannot be found any more. */
function requireZeros(file: FileWindow, from: number, end: number): void {
  for (let at = from; at < end; at += zerosAtOnce) {
    const part = file.read(at, Math.min(zerosAtOnce, end - at));
    const wrong = part.findIndex((byte) => byte !== 0);
    if (wrong !== -1) throw new Damage('bad-structure', 'a series has no length, and more follows', at + wrong);
  }
}

const zerosAtOnce = 65_536;

interface Place {
  readonly at: number;
  readonly next: number;
  readonly reference: number;
}

function readEntry(file: FileWindow, { at, next, reference }: Place, symbols: Symbols): SeriesEntry | SeriesDamage {
  try {
    const bytes = file.read(at, next - at);
    const cursor = new ByteCursor(bytes, 0, bytes.length - 4);
    cursor.uvarint();
    const contentAt = cursor.at;
    if (crc32c(bytes, contentAt, bytes.length - 4) !== new ByteCursor(bytes, bytes.length - 4).be32()) {
      throw new Damage('bad-checksum', 'a series has a wrong checksum', at);
    }
    const labels = readLabels(cursor, symbols);
    const chunks = readChunkMetas(cursor);
    if (cursor.left > 0) throw new Damage('bad-structure', `a series has ${cursor.left} bytes too many`, at);
    return { reference, offset: at, labels, chunks };
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return { offset: at, damage: error };
  }
}

function readLabels(cursor: ByteCursor, symbols: Symbols): readonly Uint8Array[] {
  const count = cursor.uvarint();
  if (count > cursor.left) throw new Damage('bad-structure', `a series counts ${count} labels`, cursor.at);
  const labels: Uint8Array[] = [];
  for (let index = 0; index < 2 * count; index += 1) labels.push(symbols.get(cursor.uvarint()));
  return labels;
}

function readChunkMetas(cursor: ByteCursor): readonly ChunkMeta[] {
  const count = cursor.uvarint();
  if (count > cursor.left) throw new Damage('bad-structure', `a series counts ${count} chunks`, cursor.at);
  const chunks: ChunkMeta[] = [];
  let time = 0;
  let reference = 0;
  for (let index = 0; index < count; index += 1) {
    const minTime = index === 0 ? cursor.varint() : time + cursor.uvarint();
    const maxTime = minTime + cursor.uvarint();
    reference = index === 0 ? cursor.uvarint() : reference + cursor.varint();
    if (reference < 0) throw new Damage('bad-structure', 'a chunk reference is negative', cursor.at);
    // The number in the reference counts from 0, the file's name from 1 (chunks.go BlockChunkRef).
    chunks.push({ minTime, maxTime, segment: Math.floor(reference / 2 ** 32) + 1, offset: reference % 2 ** 32 });
    time = maxTime;
  }
  return chunks;
}
