import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Damage } from '../damage.ts';
import { BitWriter } from '../write/bit-writer.ts';
import { writeVarbitInt, writeVarbitUint } from '../write/varbit-writer.ts';
import { BitCursor } from './bit-cursor.ts';
import { ByteCursor } from './byte-cursor.ts';
import { addInt64, asUnsigned, highInt32, lowInt32, subtractInt64, type Int64 } from './int64.ts';
import { VarintCursor } from './varint-cursor.ts';

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
        expect([cursor.varint(), cursor.byte()]).toEqual([value, 7]);
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
    const bytes = [...zigzag(-(2n ** 63n)), ...zigzag(2n ** 63n - 1n), ...zigzag(-5n), ...zigzag(2n ** 62n)];
    const cursor = new ByteCursor(Uint8Array.from(bytes));
    expect([cursor.bound(), cursor.bound(), cursor.bound(), cursor.bound()]).toEqual([
      -Infinity,
      Infinity,
      -5,
      2 ** 62,
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

/** Go's binary.Uvarint: undefined where it says that there are too few bytes or too many bits. */
function goUvarint(bytes: readonly number[]): { readonly value: bigint; readonly length: number } | undefined {
  let value = 0n;
  for (const [at, byte] of bytes.entries()) {
    if (at === 10 || (at === 9 && byte > 1)) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * at);
    if (byte < 0x80) return { value, length: at + 1 };
  }
  return undefined;
}

const oneForm = (value: bigint): Int64 => (BigInt(Number(value)) === value && isSafe(value) ? Number(value) : value);
const isSafe = (value: bigint) => value > -(2n ** 53n) && value < 2n ** 53n;
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc
    .tuple(fc.nat(63), fc.integer({ min: -3, max: 3 }))
    .map(([bits, off]) => BigInt.asIntN(64, 2n ** BigInt(bits) + BigInt(off))),
);

/** What is read, and undefined for damage. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(Damage);
    return undefined;
  }
}

describe('numbers of 64 bits', () => {
  test('come back whatever they are, each in one form', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const [form, unsigned] = [oneForm(value), oneForm(BigInt.asUintN(64, value))];
        const zigzagged = Uint8Array.from(zigzag(value));
        const plain = Uint8Array.from(uvarint(BigInt.asUintN(64, value)));
        const fixed = new Uint8Array(8);
        new DataView(fixed.buffer).setBigInt64(0, value);
        expect(new ByteCursor(zigzagged).wideVarint()).toBe(form);
        expect(new BitCursor(zigzagged, 0).wideVarint()).toBe(form);
        expect(new ByteCursor(plain).wideUvarint()).toBe(unsigned);
        expect(new BitCursor(plain, 0).wideUvarint()).toBe(unsigned);
        expect(new ByteCursor(fixed).wideBe64()).toBe(form);
        expect(new BitCursor(pack(varbit(value)), 0).wideVarbitInt()).toBe(form);
        expect(tryRead(() => new ByteCursor(zigzagged).varint())).toBe(isSafe(value) ? form : undefined);
        const bits = new BitWriter();
        writeVarbitInt(bits, form);
        expect(bits.written).toEqual(pack(varbit(value)));
        const other = new BitWriter();
        writeVarbitUint(other, unsigned);
        expect(new BitCursor(other.written, 0).wideVarbitUint()).toBe(unsigned);
      }),
      { numRuns: 2000 },
    );
  });

  test('of variable length are taken exactly where Go takes them', () => {
    const byte = fc.oneof(fc.integer({ min: 0x80, max: 0xff }), fc.nat(2), fc.nat(0xff));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 1, maxLength: 12 }), (list) => {
        const wanted = goUvarint(list);
        const bytes = Uint8Array.from(list);
        const cursor = new ByteCursor(bytes);
        const form = wanted && oneForm(wanted.value);
        expect(tryRead(() => cursor.wideUvarint())).toBe(form);
        if (wanted !== undefined) expect(cursor.at).toBe(wanted.length);
        expect(tryRead(() => new BitCursor(bytes, 0).wideUvarint())).toBe(form);
        const held = typeof form === 'number' ? form : undefined;
        const small = new VarintCursor();
        small.reset(bytes, 0, bytes.length);
        expect(tryRead(() => small.uvarint())).toBe(held);
        expect(tryRead(() => new ByteCursor(bytes).uvarint())).toBe(held);
      }),
      { numRuns: 5000 },
    );
  });

  test('add up and wrap around as those of Go', () => {
    fc.assert(
      fc.property(int64, int64, (one, other) => {
        expect(addInt64(oneForm(one), oneForm(other))).toBe(oneForm(BigInt.asIntN(64, one + other)));
        expect(subtractInt64(oneForm(one), oneForm(other))).toBe(oneForm(BigInt.asIntN(64, one - other)));
        expect(asUnsigned(oneForm(one))).toBe(oneForm(BigInt.asUintN(64, one)));
        expect([highInt32(oneForm(one)), lowInt32(oneForm(one))]).toEqual([
          Number(BigInt.asIntN(32, one >> 32n)),
          Number(BigInt.asIntN(32, one)),
        ]);
      }),
    );
  });
});

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
