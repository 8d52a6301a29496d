import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { wrap } from './wrap.ts';

describe('wrap', () => {
  test('breaks at spaces, and indents what follows', () => {
    expect(wrap('nothing was lost at all', 12, '  ')).toEqual(['nothing was', '  lost at', '  all']);
    expect(wrap('first\nsecond', undefined, '  ')).toEqual(['first', '  second']);
  });

  test('a word that is too long stays whole', () => {
    expect(wrap('see /a/very/long/path there', 8, '  ')).toEqual(['see', '  /a/very/long/path', '  there']);
  });

  test('it ends, and keeps every word, however narrow the screen is', () => {
    const words = fc.array(fc.constantFrom('a', 'bb', 'a-long-word', ''), { maxLength: 12 });
    fc.assert(
      fc.property(words, fc.integer({ min: 0, max: 20 }), fc.constantFrom('', '  ', '     '), (list, width, indent) => {
        const text = list.join(' ');
        const wrapped = wrap(text, width, indent).join(' ');
        expect(wrapped.split(/ +/).filter(Boolean)).toEqual(list.filter(Boolean));
      }),
    );
  });
});
