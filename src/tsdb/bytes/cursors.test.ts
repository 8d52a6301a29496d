import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Damage } from '../damage.ts';
import { BitCursor } from './bit-cursor.ts';
import { ByteCursor } from './byte-cursor.ts';

/** Go's binary.PutUvarint. */
function uvarint(value: bigint): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}
const zigzag = (value: bigint) => uvarint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
const safe = fc.maxSafeInteger();

describe('bytes', () => {
  test('numbers of variable length come back, and no further byte is taken', () => {
    fc.assert(
      fc.property(safe, (value) => {
        const cursor = new ByteCursor(Uint8Array.from([...zigzag(BigInt(value)), 7]));
        if (Math.abs(value) > 2 ** 52) expect(() => cursor.varint()).not.toThrow(RangeError);
        else expect([cursor.varint(), cursor.byte()]).toEqual([value, 7]);
      }),
    );
  });

  test('what a double cannot hold, and what ends too early, is damage', () => {
    expect(() => new ByteCursor(Uint8Array.from(uvarint(2n ** 53n))).uvarint()).toThrow(Damage);
    expect(() => new ByteCursor(new Uint8Array(11).fill(0xff)).uvarint()).toThrow(Damage);
    expect(() => new ByteCursor(Uint8Array.from([0x80])).uvarint()).toThrow(Damage);
    expect(() => new ByteCursor(new Uint8Array(7)).be64()).toThrow(Damage);
    expect(() => new ByteCursor(Uint8Array.from([0x7f, 0, 0, 0, 0, 0, 0, 0])).be64()).toThrow(Damage);
    expect(() => new ByteCursor(Uint8Array.from([5, 1])).uvarintBytes()).toThrow(Damage);
    expect(new ByteCursor(new Uint8Array(8).fill(0xff)).be64()).toBe(-1);
  });

  test('the bounds of int64 stand for none', () => {
    const bytes = [...zigzag(-(2n ** 63n)), ...zigzag(2n ** 63n - 1n), ...zigzag(-5n)];
    const cursor = new ByteCursor(Uint8Array.from(bytes));
    expect([cursor.varintOrInfinity(), cursor.varintOrInfinity(), cursor.varintOrInfinity()]).toEqual([
      -Infinity,
      Infinity,
      -5,
    ]);
  });
});

/** chunkenc/varbit.go putVarbitInt, as a string of bits. */
function varbit(value: bigint): string {
  const classes = [3n, 6n, 9n, 12n, 18n, 25n, 56n];
  if (value === 0n) return '0';
  const at = classes.findIndex((size) => -(2n ** (size - 1n)) + 1n <= value && value <= 2n ** (size - 1n));
  const bits = (size: bigint) => BigInt.asUintN(Number(size), value).toString(2).padStart(Number(size), '0');
  return at === -1 ? '11111111' + bits(64n) : '1'.repeat(at + 1) + '0' + bits(classes[at] ?? 0n);
}

function pack(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from([...padded.matchAll(/.{8}/g)].map(([byte]) => Number.parseInt(byte, 2)));
}

describe('bits', () => {
  test('are read in any sizes, across any borders', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 32 }), fc.nat(0xffffffff))), (parts) => {
        const wanted = parts.map(([size, value]) => value % 2 ** size);
        const text = parts.map(([size], at) => (wanted[at] ?? 0).toString(2).padStart(size, '0')).join('');
        const cursor = new BitCursor(pack(text), 0);
        expect(parts.map(([size]) => cursor.read(size))).toEqual(wanted);
        expect(cursor.left).toBeLessThan(8);
      }),
    );
  });

  test('signed numbers of variable width come back', () => {
    const values = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer(),
      safe.map((value) => Math.trunc(value / 2) + 0),
    );
    fc.assert(
      fc.property(fc.array(values), (wanted) => {
        const cursor = new BitCursor(pack(wanted.map((value) => varbit(BigInt(value))).join('')), 0);
        expect(wanted.map(() => cursor.varbitInt())).toEqual(wanted);
      }),
    );
  });

  test('end with damage, never with a guess', () => {
    const cursor = new BitCursor(Uint8Array.from([0xff]), 0);
    expect(() => cursor.read(9)).toThrow(Damage);
    expect(cursor.read(8)).toBe(255);
    expect(() => cursor.isSet()).toThrow(Damage);
  });
});
