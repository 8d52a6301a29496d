import { Damage } from '../damage.ts';
import { ByteCursor } from './byte-cursor.ts';

/**
 * Decompresses the Snappy block format (google/snappy format_description.txt). Throws Damage for anything that the format
 * does not allow, which the libraries at hand let pass (docs/adr/0008).
 */
export function decompressSnappy(compressed: Uint8Array, maxBytes: number): Uint8Array {
  const input = new ByteCursor(compressed);
  const length = input.uvarint();
  if (length > maxBytes) throw new Damage('out-of-range', `${length} bytes are more than a record can be`, 0);
  const output = new Uint8Array(length);
  let filled = 0;
  while (input.left > 0) {
    const tag = input.byte();
    const kind = tag & 3;
    const size = kind === 0 ? literalLength(input, tag >>> 2) : kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    if (size > length - filled) throw new Damage('bad-structure', 'compressed bytes give too much', input.at);
    if (kind === 0) output.set(input.take(size), filled);
    else copyWithin(output, { to: filled, distance: distanceOf(input, tag), size, at: input.at });
    filled += size;
  }
  if (filled !== length) throw new Damage('bad-structure', 'compressed bytes give too little', input.at);
  return output;
}

/** Up to 60 stands in the tag; above, that many bytes less 59 follow, the lowest first. */
function literalLength(input: ByteCursor, code: number): number {
  return code < 60 ? code + 1 : littleEndian(input, code - 59) + 1;
}

function distanceOf(input: ByteCursor, tag: number): number {
  const kind = tag & 3;
  if (kind === 1) return ((tag >>> 5) << 8) | input.byte();
  return littleEndian(input, kind === 2 ? 2 : 4);
}

function littleEndian(input: ByteCursor, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index += 1) value += input.byte() * 256 ** index;
  return value;
}

interface Copy {
  readonly to: number;
  readonly distance: number;
  readonly size: number;
  readonly at: number;
}

/** A copy may reach into what it has just written, which repeats it. */
function copyWithin(output: Uint8Array, { to, distance, size, at }: Copy): void {
  if (distance === 0 || distance > to) throw new Damage('bad-structure', 'a copy reaches before the beginning', at);
  if (distance >= size) output.copyWithin(to, to - distance, to - distance + size);
  else for (let index = 0; index < size; index += 1) output[to + index] = output[to + index - distance] as number;
}
