import type { FileWindow } from '../bytes/file-window.ts';
import type { IndexHeader } from '../block/index-header.ts';
import { readSymbols, type Symbols, type SymbolTable } from '../block/symbols.ts';
import { Damage } from '../damage.ts';
import { readBe32 } from '../bytes/pieces.ts';
import { compareText, hashOf, TextPlace } from './text-hash.ts';

/** The symbols of an index, with a hash of each by which names and values are compared. */
export interface CheckedSymbols extends Symbols {
  /** Exclusive end of the section. */
  readonly end: number;
  /** Throws Damage for a reference that is none. */
  hashOf(reference: number): number;
}

/** Reads the symbol table and requires its order. Throws Damage. */
export function checkSymbolTable(file: FileWindow, header: IndexHeader): CheckedSymbols {
  const offset = header.toc.symbols;
  const symbols = readSymbols(file, header);
  const end = offset + 4 + readBe32(file, offset) + 4;
  if (header.version === 1) return { ...symbols, end, hashOf: (reference) => hashOf(symbols.get(reference)) };
  const hashes = hashInOrder(symbols.table, offset);
  return {
    ...symbols,
    end,
    hashOf: (reference) => {
      if (reference < symbols.count) return hashes[reference] as number;
      throw new Damage('bad-structure', `there is no symbol ${reference}`, offset);
    },
  };
}

/** The hash of each symbol. Throws Damage where one is not sorted behind the one before it. */
function hashInOrder({ bytes, starts }: SymbolTable, offset: number): Uint32Array {
  const count = starts.length - 1;
  const hashes = new Uint32Array(count);
  const before = new TextPlace(bytes);
  const symbol = new TextPlace(bytes);
  for (let reference = 0; reference < count; reference += 1) {
    symbol.set(textAt(bytes, starts[reference] as number), starts[reference + 1] as number);
    if (reference > 0 && compareText(before, symbol) >= 0) {
      throw new Damage('bad-structure', `symbol ${reference} is not sorted behind the one before it`, offset);
    }
    before.set(symbol.from, symbol.to);
    hashes[reference] = hashOf(bytes, symbol.from, symbol.to);
  }
  return hashes;
}

/** Behind its length, which is known to be one. */
function textAt(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= 0x80) at += 1;
  return at + 1;
}
