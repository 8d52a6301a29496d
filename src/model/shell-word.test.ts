/** What we tell people to type is typed: a shell must take any name for the one word that it is. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWord } from './shell-word.ts';

test.each(['/srv/plain dir', "it's", "x'; echo gone; '", '$HOME `id` "\\', 'a\nb', "\u001b[2J'", 'ü\u202e\n数\\x41'])(
  'bash takes %j for one word',
  (name) => {
    expect(execFileSync('bash', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' })).toBe(name);
  },
);

test('and any other name', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 50 }), (names) => {
      const said = execFileSync('bash', ['-c', `printf '%s\\0' ${names.map(shellWord).join(' ')}`], {
        encoding: 'utf8',
      });
      expect(said.split('\0').slice(0, -1)).toEqual(names);
    }),
    { numRuns: 30 },
  );
});
