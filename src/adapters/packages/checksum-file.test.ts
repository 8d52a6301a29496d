import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findChecksum } from './checksum-file.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

test.each([
  [`${a}  x.tar.gz\n${b}  y.tar.gz\n`, b],
  [`${b} *y.tar.gz\n`, b],
  [`${b}  ./y.tar.gz\r\n`, b],
  [`${b.toUpperCase()}  y.tar.gz`, b],
  [`${b}\n`, b],
  [`${a}  x.tar.gz\n`, undefined],
  [`${a}  xy.tar.gz\n${a}  y.tar.gz.asc\n`, undefined],
  [`${a}  y.tar.gz\n${b}  y.tar.gz\n`, undefined],
  [`${b.slice(1)}  y.tar.gz\n`, undefined],
  ['<html>not found</html>', undefined],
  ['', undefined],
])('%j', (text, sum) => {
  expect(findChecksum(text, 'y.tar.gz')).toBe(sum);
});

test('no text makes it fail, and what it finds is a SHA-256', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(findChecksum(text, 'y') ?? a).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
});
