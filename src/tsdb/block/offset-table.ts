import type { FileWindow } from '../bytes/file-window.ts';
import { VarintCursor } from '../bytes/varint-cursor.ts';
import { Damage } from '../damage.ts';
import { checksumOf, readBe32 } from '../bytes/pieces.ts';

export interface OffsetTable {
  readonly entries: number;
  /** Of the entries. */
  readonly from: number;
  readonly to: number;
  /** Exclusive end of the section. */
  readonly end: number;
}

/** Finds a table and verifies its checksum. `limit` is where the next section begins. Throws Damage. */
export function findOffsetTable(window: FileWindow, offset: number, limit: number): OffsetTable {
  if (offset + 12 > limit) throw new Damage('truncated', 'an offset table is cut off', offset);
  const length = readBe32(window, offset);
  const end = offset + 4 + length + 4;
  if (length < 4 || end > limit) {
    throw new Damage('bad-structure', `an offset table of ${length} bytes does not fit into the index`, offset);
  }
  if (checksumOf(window, offset + 4, end - 4) !== readBe32(window, end - 4)) {
    throw new Damage('bad-checksum', 'an offset table has a wrong checksum', offset);
  }
  return { entries: readBe32(window, offset + 4), from: offset + 8, to: end - 4, end };
}

/** One entry of a table; used again for the next one. */
export interface TableEntry {
  /** Valid until the next entry. */
  bytes: Uint8Array;
  /** Where each key begins and ends in `bytes`: of the name, and of the value where there is one. */
  readonly keys: number[];
  /** What it leads to. */
  target: number;
}

const usualEntry = 4096;
const longestEntry = 64 << 20;

/** Tells the entries of a table in their order, with their own place in the file. Throws Damage. */
export function readOffsetTable(
  window: FileWindow,
  table: OffsetTable,
  { keyCount, onEntry }: { readonly keyCount: 1 | 2; readonly onEntry: (entry: TableEntry, at: number) => void },
): void {
  const entry: TableEntry = { bytes: new Uint8Array(0), keys: [], target: 0 };
  const cursor = new VarintCursor();
  let at = table.from;
  for (let number = 0; number < table.entries; number += 1) {
    if (at >= table.to)
      throw new Damage('bad-structure', `a table of ${table.entries} entries ends after ${number}`, at);
    const size = readEntry({ window, cursor, entry }, at, { keyCount, left: table.to - at });
    onEntry(entry, at);
    at += size;
  }
  if (at < table.to) throw new Damage('bad-structure', `a table has ${table.to - at} bytes too many`, at);
}

interface EntryReader {
  readonly window: FileWindow;
  readonly cursor: VarintCursor;
  readonly entry: TableEntry;
}

/** Its size. One that is longer than most is read again with more bytes. */
function readEntry(
  reader: EntryReader,
  at: number,
  bounds: { readonly keyCount: number; readonly left: number },
): number {
  try {
    return parseEntry(reader, at, { ...bounds, left: Math.min(usualEntry, bounds.left) });
  } catch (error) {
    if (!(error instanceof Damage) || bounds.left <= usualEntry) throw error;
    return parseEntry(reader, at, { ...bounds, left: Math.min(longestEntry, bounds.left) });
  }
}

function parseEntry(
  { window, cursor, entry }: EntryReader,
  at: number,
  { keyCount, left }: { readonly keyCount: number; readonly left: number },
): number {
  const from = window.locate(at, left);
  cursor.reset(window.bytes, from, from + left);
  const count = cursor.uvarint();
  if (count !== keyCount) throw new Damage('bad-structure', `an entry of a table has ${count} keys`, at);
  entry.bytes = window.bytes;
  for (let key = 0; key < keyCount; key += 1) {
    const length = cursor.uvarint();
    if (length > cursor.left) throw new Damage('truncated', 'a key is cut off', at);
    entry.keys[2 * key] = cursor.at;
    cursor.at += length;
    entry.keys[2 * key + 1] = cursor.at;
  }
  entry.target = cursor.uvarint();
  return cursor.at - from;
}

export function textOfKey({ bytes, keys }: TableEntry, key: 0 | 1): string {
  return Buffer.from(bytes.subarray(keys[2 * key], keys[2 * key + 1])).toString('utf8');
}
