import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';
import { kernelBuffer } from './kernel-memory.ts';

/** Bit by bit, as the polynomial is defined. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test('is the Castagnoli checksum of RFC 3720, appendix B.4', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});

test('is the same in pieces, from anywhere, and bit by bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const at = Math.min(cut, bytes.length);
      expect(crc32c(bytes)).toBe(slowly(bytes));
      expect(crc32c(bytes, at)).toBe(slowly(bytes.subarray(at)));
      expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(slowly(bytes));
    }),
  );
});

test('is the same in the kernel, for any length and from any place', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(70), fc.nat(0xffffffff), (bytes, from, before) => {
      const buffer = kernelBuffer(1);
      buffer.set(bytes, from);
      const expected = crc32c(bytes, 0, bytes.length, before);
      expect(crc32c(buffer, from, from + bytes.length, before)).toBe(expected);
      expect(crc32c(buffer.subarray(from, from + bytes.length), 0, bytes.length, before)).toBe(expected);
    }),
  );
});
