import type { Int64 } from '../bytes/int64.ts';
import type { BitWriter } from './bit-writer.ts';

/** Bits of a number behind that many ones, but the last, and a zero (chunkenc/varbit.go). */
const sizes = [0, 3, 6, 9, 12, 18, 25, 56, 64] as const;

/** A signed number; of each class the range is from -(2^(bits-1) - 1) to 2^(bits-1). */
export function writeVarbitInt(bits: BitWriter, value: Int64): void {
  const ones = value === 0 ? 0 : sizes.findIndex((size) => value >= 1 - 2 ** (size - 1) && value <= 2 ** (size - 1));
  writePrefix(bits, ones);
  bits.writeSigned(value, sizes[ones] as number);
}

/** As writeVarbitInt, for a number that is not negative. */
export function writeVarbitUint(bits: BitWriter, value: Int64): void {
  const ones = sizes.findIndex((size) => value < 2 ** size);
  writePrefix(bits, ones);
  bits.writeSigned(value, sizes[ones] as number);
}

function writePrefix(bits: BitWriter, ones: number): void {
  bits.write(2 ** ones - 1, ones);
  if (ones < sizes.length - 1) bits.write(0, 1);
}
