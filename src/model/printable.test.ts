/**
 * Names come from disks that anybody may have written to. Whatever they hold, what is shown of them keeps to its line, moves
 * no cursor and turns no text around, and two of them never look the same unless one was written as the escape of the other.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableDressed, printableLines } from './printable.ts';

const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

describe('printable', () => {
  test.each([
    ['plain', 'plain'],
    ['Ünï 数 👩‍👩‍👧', 'Ünï 数 👩‍👩‍👧'],
    ['a\nb', 'a\\nb'],
    ['a\r\tb', 'a\\r\\tb'],
    ['\u001b[2Jgone', '\\e[2Jgone'],
    ['\u009b31m', '\\x9b31m'],
    ['cod\u202egnp', 'cod\\u{202e}gnp'],
    ['a\u2028b\u200bc\ufeff', 'a\\u{2028}b\\u{200b}c\\u{feff}'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('of anything, nothing is left that a terminal obeys', () => {
    const odd = fc.string({ unit: fc.oneof(fc.constantFrom('\u001b', '\n', '\u202e', '[', '\u009b'), fc.string()) });
    fc.assert(
      fc.property(odd, (text) => {
        expect(printable(text)).not.toMatch(unsafe);
        expect(printableDressed(text).replace(/\u001b\[\d{1,2}m/g, '')).not.toMatch(unsafe);
        expect(printableLines(text).replace(/[\n\t]/g, '')).not.toMatch(unsafe);
      }),
    );
  });
});

test('what a program said keeps its lines and loses its colours', () => {
  expect(printableLines('one\n\u001b[31mtwo\u001b[0m\tthree\u0007')).toBe('one\ntwo\tthree\\x07');
});

test('a dressed line keeps what we dressed it in, and nothing more', () => {
  expect(printableDressed('\u001b[31merror\u001b[39m a\nb\u001b[2J\u001b]0;title\u0007')).toBe(
    '\u001b[31merror\u001b[39m a\\nb\\e[2J\\e]0;title\\x07',
  );
});
