import { Damage } from '../damage.ts';

/** A 64-bit number: a bigint only where a double does not hold it exactly, so that each has one form. */
export type Int64 = number | bigint;

const mostHeld = BigInt(Number.MAX_SAFE_INTEGER);

export function toInt64(value: bigint): Int64 {
  return value >= -mostHeld && value <= mostHeld ? Number(value) : value;
}

/** As Go's int64, it wraps around. */
export function addInt64(one: Int64, other: Int64): Int64 {
  if (typeof one === 'number' && typeof other === 'number') {
    const sum = one + other;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt64(BigInt.asIntN(64, BigInt(one) + BigInt(other)));
}

export function subtractInt64(one: Int64, other: Int64): Int64 {
  if (typeof one === 'number' && typeof other === 'number') {
    const difference = one - other;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toInt64(BigInt.asIntN(64, BigInt(one) - BigInt(other)));
}

/** The same 64 bits as an unsigned number. */
export function asUnsigned(value: Int64): Int64 {
  return value >= 0 ? value : toInt64(BigInt.asUintN(64, BigInt(value)));
}

/** The lowest 32 bits, signed. */
export function lowInt32(value: Int64): number {
  return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
}

/** The highest 32 bits, signed. */
export function highInt32(value: Int64): number {
  return typeof value === 'number' ? Math.floor(value / 2 ** 32) | 0 : Number(BigInt.asIntN(32, value >> 32n));
}

/** Of two halves, the upper one signed or not. */
export function joinInt64(high: number, low: number): Int64 {
  const value = high * 2 ** 32 + low;
  return Number.isSafeInteger(value) ? value : toInt64((BigInt(high) << 32n) | BigInt(low));
}

/** Go's zigzag. */
export function unfold(folded: Int64): Int64 {
  if (typeof folded === 'bigint') return toInt64((folded >> 1n) ^ -(folded & 1n));
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}

/** For what must be a number, as lengths and times: one that a double does not hold is damage. */
export function requireHeld(value: Int64, at: number): number {
  if (typeof value === 'number') return value;
  throw new Damage('out-of-range', 'a 64-bit number is too large', at);
}

/** Bytes of a variable-length number that a double always holds. */
export const shortBytes = 7;
const longestBytes = 10;

/** Go's binary.Uvarint, from its first byte on. More than 64 bits are damage. */
export function readLongUvarint(next: () => number, at: number): Int64 {
  let value = 0n;
  for (let count = 0; count < longestBytes; count += 1) {
    const byte = next();
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte >= 0x80) continue;
    if (count === longestBytes - 1 && byte > 1) break;
    return toInt64(value);
  }
  throw new Damage('out-of-range', 'a variable-length number has more than 64 bits', at);
}
