import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Damage } from '../damage.ts';
import { decompressSnappy } from './snappy.ts';

const decompress = (...bytes: readonly number[]) =>
  Buffer.from(decompressSnappy(Uint8Array.from(bytes), 1000)).toString('latin1');
const text = (from: string) => [...Buffer.from(from)];

test('literals, of one byte and of a length that follows', () => {
  expect(decompress(0)).toBe('');
  expect(decompress(3, 2 << 2, ...text('abc'))).toBe('abc');
  expect(decompress(100, 60 << 2, 99, ...text('x'.repeat(100)))).toBe('x'.repeat(100));
});

test('copies with one, two and four bytes of distance, also into what they write', () => {
  expect(decompress(8, 3 << 2, ...text('abcd'), 1, 4)).toBe('abcdabcd');
  expect(decompress(10, 1 << 2, ...text('ab'), (7 << 2) | 2, 2, 0)).toBe('ababababab');
  expect(decompress(6, 2 << 2, ...text('abc'), (2 << 2) | 3, 3, 0, 0, 0)).toBe('abcabc');
});

test.each([
  ['a copy before the beginning', [4, 0, 97, 1, 2]],
  ['a copy of no distance', [5, 0, 97, 1, 0]],
  ['more than was announced', [1, 1 << 2, 97, 98]],
  ['less than was announced', [3, 0, 97]],
  ['a literal that is cut', [5, 4 << 2, 97]],
  ['a length that is cut', [5, 61 << 2, 4]],
  ['more than the limit', [0x88, 0x27]],
])('%s is damage', (_, bytes) => {
  expect(() => decompress(...bytes)).toThrow(Damage);
});

test('any bytes are decompressed or damage', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decompressSnappy(bytes, 100_000);
      } catch (error) {
        expect(error).toBeInstanceOf(Damage);
      }
    }),
    { numRuns: 2000 },
  );
});
