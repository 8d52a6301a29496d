import { crc32c } from '../bytes/crc32c.ts';
import { decompress, type Compression } from '../bytes/decompress.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { first, fragmentHeaderBytes, full, last, pageBytes, pageTerm } from '../head/wal-fragment.ts';
import { readFragment, type Fragment } from '../head/wal-segment.ts';
import { findZeros, type WalZeros } from '../head/wal-zeros.ts';
import { noSink, parseRecord } from '../head/wal-records.ts';
import type { RawRecord } from '../write/segment-writer.ts';

/** Bytes of a segment that are no whole record, [from, to). */
export interface LostBytes {
  readonly from: number;
  readonly to: number;
  readonly damage: Damage;
}

export interface SalvageEvents {
  /** Valid until the next record. */
  readonly onRecord: (record: RawRecord & { readonly offset: number }) => void;
  readonly onLost: (lost: LostBytes) => void;
  /** Told of zeros where records may have been, as far as nothing else is wrong there. */
  readonly onZeros?: (zeros: WalZeros) => void;
}

/**
 * Tells every whole and valid record of a segment, also those behind bytes that are damaged: fragments never reach over a
 * page, so that at the latest the next page begins with one. What belongs to no whole record is told as lost.
 */
export function salvageSegment(file: FileWindow, events: SalvageEvents): void {
  const assembly = new Assembly(events);
  const beginToLook = () => findZeros(file.sizeBytes, (zeros) => events.onZeros?.(zeros));
  let lookForZeros = beginToLook();
  for (let at = 0; at < file.sizeBytes;) {
    const fragment = tryFragment(file, at);
    if (fragment instanceof Damage) {
      const next = findNextFragment(file, at + 1);
      assembly.breakOff({ from: at, to: next, damage: fragment });
      at = next;
      lookForZeros = beginToLook();
      continue;
    }
    lookForZeros(fragment);
    assembly.take(fragment);
    at = fragment.next;
  }
  assembly.end(file.sizeBytes);
}

/** The fragments of a record as they come. */
class Assembly {
  private readonly events: SalvageEvents;
  private parts: Uint8Array[] = [];
  private from = 0;

  constructor(events: SalvageEvents) {
    this.events = events;
  }

  take(fragment: Fragment): void {
    const { at, next, type, bytes } = fragment;
    if (type === pageTerm) {
      // The end of a page is padded where no fragment fits; more than that within a record is a hole in it.
      if (this.parts.length > 0 && next - at > fragmentHeaderBytes) this.dropParts(at, 'a record ends in zeros');
      return;
    }
    const begins = type === full || type === first;
    if (begins && this.parts.length > 0) this.dropParts(at, 'a record has no end');
    if (!begins && this.parts.length === 0) {
      const damage = new Damage('bad-structure', 'a fragment belongs to a record without a beginning', at);
      this.events.onLost({ from: at, to: next, damage });
      return;
    }
    if (begins) this.from = at;
    this.parts.push(type === full ? bytes : bytes.slice());
    if (type === full || type === last) this.finish(fragment);
  }

  /** Bytes that are no fragment: what had begun before them has no end. */
  breakOff(lost: LostBytes): void {
    const from = this.parts.length > 0 ? this.from : lost.from;
    this.parts = [];
    this.events.onLost({ ...lost, from });
  }

  end(at: number): void {
    if (this.parts.length > 0) this.dropParts(at, 'the segment ends within a record', 'truncated');
  }

  private finish({ next, compression }: Fragment): void {
    const [only] = this.parts;
    const bytes = this.parts.length === 1 && only !== undefined ? only : Buffer.concat(this.parts);
    this.parts = [];
    const damage = findDamageIn(compression, bytes);
    if (damage === undefined) this.events.onRecord({ compression, bytes, offset: this.from });
    else this.events.onLost({ from: this.from, to: next, damage });
  }

  private dropParts(to: number, message: string, rule: 'bad-structure' | 'truncated' = 'bad-structure'): void {
    this.parts = [];
    this.events.onLost({ from: this.from, to, damage: new Damage(rule, message, this.from) });
  }
}

/** A record that Prometheus would stumble over. One of a kind that we do not know it may know. */
function findDamageIn(compression: Compression, bytes: Uint8Array): Damage | undefined {
  try {
    parseRecord(decompress(compression, bytes), noSink);
    return undefined;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return error.rule === 'unknown-record' ? undefined : error;
  }
}

function tryFragment(file: FileWindow, at: number): Fragment | Damage {
  try {
    const fragment = readFragment(file, at);
    return fragment.type > last
      ? new Damage('unknown-record', `fragment type ${fragment.type} is not known`, at)
      : fragment;
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
}

/** So that a page made to look like many fragments costs no more than reading it some hundred times. */
const mostCandidates = 4096;

/** The next place in the page where a fragment with a right checksum begins, or the next page. */
function findNextFragment(file: FileWindow, from: number): number {
  const pageEnd = Math.min(file.sizeBytes, Math.ceil(from / pageBytes) * pageBytes);
  const page = file.read(from, pageEnd - from);
  let candidates = 0;
  for (let at = 0; at + fragmentHeaderBytes < page.length && candidates < mostCandidates; at += 1) {
    const length = findPlausibleLength(page, at);
    if (length === undefined) continue;
    candidates += 1;
    const dataAt = at + fragmentHeaderBytes;
    const stored = new DataView(page.buffer, page.byteOffset + at + 3, 4).getUint32(0);
    if (crc32c(page, dataAt, dataAt + length) === stored) return from + at;
  }
  return pageEnd;
}

/** An empty fragment, whose checksum is zero, could be found in any zeros, and holds nothing. */
function findPlausibleLength(page: Uint8Array, at: number): number | undefined {
  const flags = page[at] as number;
  const type = flags & 0x07;
  if (type < full || type > last || flags > 0x17) return undefined;
  const length = ((page[at + 1] as number) << 8) | (page[at + 2] as number);
  return length > 0 && at + fragmentHeaderBytes + length <= page.length ? length : undefined;
}
