import { ByteCursor } from '../bytes/byte-cursor.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';

export const pageBytes = 32_768;
export const fragmentHeaderBytes = 7;
/** Types of a fragment (wal.md); 0 ends the page. */
export const pageTerm = 0;
export const full = 1;
export const first = 2;
export const middle = 3;
export const last = 4;

const typeMask = 0x07;

/** A fragment of a record as its header tells it; its bytes are not looked at. */
export interface FragmentHeader {
  readonly at: number;
  readonly type: number;
  /** The whole first byte: type and compression. */
  readonly flags: number;
  /** Of its content, behind the header; 0 for the end of a page. */
  readonly length: number;
  readonly checksum: number;
  /** Where the next one begins; for the end of a page the next page. */
  readonly next: number;
}

/** Reads the header at `at`. Throws Damage for one that does not fit into its page or its file. */
export function readFragmentHeader(file: FileWindow, at: number): FragmentHeader {
  const left = pageBytes - (at % pageBytes);
  const flags = file.read(at, 1)[0] as number;
  const type = flags & typeMask;
  if (type === pageTerm) {
    return { at, type, flags, length: 0, checksum: 0, next: Math.min(at + left, file.sizeBytes) };
  }
  if (left < fragmentHeaderBytes) throw new Damage('bad-structure', 'a fragment begins at the end of a page', at);
  const header = new ByteCursor(file.read(at, fragmentHeaderBytes), 1);
  const length = header.be16();
  const checksum = header.be32();
  if (length > left - fragmentHeaderBytes) {
    throw new Damage('bad-structure', `a fragment of ${length} bytes leaves its page`, at);
  }
  return { at, type, flags, length, checksum, next: at + fragmentHeaderBytes + length };
}
