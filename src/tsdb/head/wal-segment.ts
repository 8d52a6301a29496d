import { crc32c } from '../bytes/crc32c.ts';
import { decompress, type Compression } from '../bytes/decompress.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { first, fragmentHeaderBytes, full, last, pageTerm, readFragmentHeader } from './wal-fragment.ts';
import { findZeros, type WalZeros } from './wal-zeros.ts';

const snappyFlag = 0x08;
const zstdFlag = 0x10;

export interface WalRecord {
  /** Uncompressed; valid until the next record. */
  readonly bytes: Uint8Array;
  /** Where its first fragment begins. */
  readonly offset: number;
}

/** How a segment ended: whole, or with bytes that are no whole record. */
export interface SegmentEnd {
  /** Behind the last whole record and its padding. */
  readonly offset: number;
  /** Null at a clean end. `truncated` where the file just stops: a torn tail, where nothing follows. */
  readonly damage: Damage | null;
}

/** A part of a record as it lies in a page, or the padding of one. */
export interface WalFragment {
  readonly at: number;
  readonly next: number;
  /** Its first byte; the lowest three bits are 0 for padding. */
  readonly flags: number;
}

/**
 * Tells the records of a segment in their order (wal.md), up to the first byte that cannot be believed. `onFragment` is told
 * what they lie in, and `onZeros` where pages were never written, which Prometheus passes over.
 */
export function readSegment(
  file: FileWindow,
  onRecord: (record: WalRecord) => void,
  onFragment?: (fragment: WalFragment) => void,
  onZeros?: (zeros: WalZeros) => void,
): SegmentEnd {
  const lookForZeros = onZeros === undefined ? undefined : findZeros(file.sizeBytes, onZeros);
  let at = 0;
  const fragments: Uint8Array[] = [];
  let recordAt = 0;
  let whole = 0;
  try {
    while (at < file.sizeBytes) {
      const fragment = readFragment(file, at);
      at = fragment.next;
      onFragment?.(fragment);
      lookForZeros?.(fragment);
      if (fragment.type === pageTerm) {
        if (fragments.length === 0) whole = at;
        continue;
      }
      checkOrder(fragment.type, fragments.length, fragment.at);
      if (fragments.length === 0) recordAt = fragment.at;
      fragments.push(fragment.type === full ? fragment.bytes : fragment.bytes.slice());
      if (fragment.type !== full && fragment.type !== last) continue;
      const [only = fragment.bytes] = fragments;
      const joined = fragments.length === 1 ? only : Buffer.concat(fragments);
      fragments.length = 0;
      tell(onRecord, fragment.compression, { bytes: joined, offset: recordAt });
      whole = at;
    }
    if (fragments.length > 0) throw new Damage('truncated', 'the segment ends within a record', recordAt);
    return { offset: whole, damage: null };
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return { offset: whole, damage: error };
  }
}

/** What is wrong within a record lies at the record: nobody knows where in the file, once it is uncompressed. */
function tell(onRecord: (record: WalRecord) => void, compression: Compression, { bytes, offset }: WalRecord): void {
  try {
    onRecord({ bytes: decompress(compression, bytes), offset });
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new Damage(error.rule, error.message, offset);
  }
}

/** One piece of a record, or the rest of a page. */
export interface Fragment extends WalFragment {
  readonly type: number;
  readonly compression: Compression;
  readonly bytes: Uint8Array;
}

const nothing = new Uint8Array(0);

/** Throws Damage where no whole fragment with a right checksum begins there. */
export function readFragment(file: FileWindow, at: number): Fragment {
  const { type, flags, length, checksum, next } = readFragmentHeader(file, at);
  if (type === pageTerm) return skipPage(file, at, next);
  const bytes = file.read(at + fragmentHeaderBytes, length);
  if (crc32c(bytes) !== checksum) throw new Damage('bad-checksum', 'a record has a wrong checksum', at);
  const compression = (flags & snappyFlag) !== 0 ? 'snappy' : (flags & zstdFlag) !== 0 ? 'zstd' : 'none';
  return { at, next, flags, type, compression, bytes };
}

/** A zero ends the page; what follows in it is zero too. */
function skipPage(file: FileWindow, at: number, next: number): Fragment {
  const padding = file.read(at, next - at);
  const wrong = padding.findIndex((byte) => byte !== 0);
  if (wrong !== -1) throw new Damage('bad-structure', 'the padding of a page is not zero', at + wrong);
  return { at, next, flags: 0, type: pageTerm, compression: 'none', bytes: nothing };
}

/** Throws Damage for a fragment that cannot come behind so many earlier ones of its record (wlog/reader.go validateRecord). */
export function checkOrder(type: number, earlier: number, at: number): void {
  const begins = type === full || type === first;
  if (type > last) throw new Damage('unknown-record', `fragment type ${type} is not known`, at);
  if (begins !== (earlier === 0))
    throw new Damage('bad-structure', 'the fragments of a record do not fit together', at);
}
