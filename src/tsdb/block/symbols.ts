import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { windowBytes, type FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { IndexHeader } from './index-header.ts';

/** The strings of a block's labels, as UTF-8. */
export interface Symbols {
  readonly count: number;
  /** Throws Damage for a reference that is none. The bytes stay valid. */
  get(reference: number): Uint8Array;
  /** All of them as they lie in memory, for those who go over every one: each begins with its length. */
  readonly table: SymbolTable;
}

export interface SymbolTable {
  readonly bytes: Uint8Array;
  /** Where each begins, by its order, and behind them where the last one ends. */
  readonly starts: Uint32Array;
}

/** The symbol table in memory: by its order in versions 2 and 3, by its offset in the file in version 1. */
export function readSymbols(file: FileWindow, { version, toc }: IndexHeader): Symbols {
  const section = readChecked(file, toc.symbols, 'the symbol table');
  const count = section.be32();
  const contentAt = toc.symbols + 4;
  if (count > section.left) throw new Damage('bad-structure', `the symbol table counts ${count} symbols`, contentAt);
  const starts = new Uint32Array(count + 1);
  for (let index = 0; index < count; index += 1) {
    starts[index] = section.at;
    section.uvarintBytes();
  }
  starts[count] = section.at;
  if (section.left > 0)
    throw new Damage('bad-structure', 'the symbol table has bytes behind its last symbol', contentAt);
  const { bytes } = section;
  const at = (position: number): Uint8Array => {
    const length = bytes[position] as number;
    if (length < 0x80) return bytes.subarray(position + 1, position + 1 + length);
    return new ByteCursor(bytes, position).uvarintBytes();
  };
  const byOrder = (reference: number): Uint8Array => {
    if (reference >= count) throw new Damage('bad-structure', `there is no symbol ${reference}`, contentAt);
    return at(starts[reference] as number);
  };
  const known = version === 1 ? new Set(starts.subarray(0, count)) : undefined;
  const byOffset = (reference: number): Uint8Array => {
    const position = reference - contentAt;
    if (known?.has(position) !== true)
      throw new Damage('bad-structure', `there is no symbol at ${reference}`, contentAt);
    return at(position);
  };
  return { count, get: version === 1 ? byOffset : byOrder, table: { bytes, starts } };
}

/** A section `len <4b> content CRC32 <4b>` in memory of its own, its checksum verified. The cursor stands at the content. */
export function readChecked(file: FileWindow, offset: number, what: string): ByteCursor {
  const length = new ByteCursor(file.read(offset, 4)).be32();
  // Past the end of the file is damage before anything is made for it.
  file.requireWithin(offset + 4, length + 4);
  const bytes = new Uint8Array(length + 4);
  for (let at = 0; at < bytes.length; at += windowBytes) {
    bytes.set(file.read(offset + 4 + at, Math.min(windowBytes, bytes.length - at)), at);
  }
  const stored = new ByteCursor(bytes, length).be32();
  if (crc32c(bytes, 0, length) !== stored) throw new Damage('bad-checksum', `${what} has a wrong checksum`, offset);
  return new ByteCursor(bytes, 0, length);
}
