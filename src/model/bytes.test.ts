/** Amounts of bytes, as people write them and as they are shown. */
import { expect, test } from 'vitest';
import { formatBytes, parseBytes } from './bytes.ts';

test.each([
  [0, '0 B'],
  [1023.437_21, '1023 B'],
  [1024, '1.0 KiB'],
  [1.5 * 2 ** 30, '1.5 GiB'],
  [2 ** 60, '1024.0 PiB'],
])('%d is shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  ['50MB', 50 * 2 ** 20],
  ['1KiB', 1024],
  ['0', 0],
  ['1.5 GB', 1.5 * 2 ** 30],
  ['-1MB', undefined],
  ['1e9B', undefined],
  ['99999999EB', undefined],
  ['MB', undefined],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});
