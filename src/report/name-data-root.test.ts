/** A command that we print must act on the data root of the command that printed it. */
import { describe, expect, test } from 'vitest';
import { verbs } from '../cli/verbs.ts';
import { nameDataRootIn, namingReplacer, worksOn } from './name-data-root.ts';

const named = (text: string): string => nameDataRootIn(text, '/srv/x');

describe('the data root is named', () => {
  test.each([
    ['Run `holdfast up`.', "Run `holdfast --data '/srv/x' up`."],
    [
      'Run `holdfast down`, then `holdfast up --upgrade`.',
      "Run `holdfast --data '/srv/x' down`, then `holdfast --data '/srv/x' up --upgrade`.",
    ],
    ['Look at `holdfast logs prometheus`.', "Look at `holdfast --data '/srv/x' logs prometheus`."],
    ['Run `holdfast repair --plan`.', "Run `holdfast --data '/srv/x' repair --plan`."],
    ['Run `holdfast check prometheus`.', "Run `holdfast --data '/srv/x' check prometheus`."],
    [
      'where a line was wrapped `holdfast\n     up` it',
      "where a line was wrapped `holdfast --data '/srv/x'\n     up` it",
    ],
    [
      "To take one in: holdfast adopt '/d' --as grafana",
      "To take one in: holdfast --data '/srv/x' adopt '/d' --as grafana",
    ],
    ['first: holdfast up\nsecond', "first: holdfast --data '/srv/x' up\nsecond"],
  ])('%s', (text, words) => {
    expect(named(text)).toBe(words);
    expect(named(words)).toBe(words);
  });
});

describe('left as it is', () => {
  test.each([
    'Look at it with `holdfast rescue`.',
    'Finish it with `holdfast rescue stitch A B --into C`.',
    'Run `holdfast check` on that directory.',
    'Run `holdfast repair DIR`.',
    "Run `holdfast repair '/d'`.",
    '`holdfast proof A B`',
    "Stop the original with `holdfast --data '/srv/y' teardown`, then copy it again.",
    'An `up` of holdfast up there, `holdfast` and `holdfast uproar`.',
    'may be removed: holdfast rescue discard DIR',
  ])('%s', (text) => expect(named(text)).toBe(text));
});

test('a path becomes one word of a shell, and nothing in it a pattern of ours', () => {
  expect(nameDataRootIn('`holdfast up`', "/a b/it's $& `x`")).toBe("`holdfast --data '/a b/it'\\''s $& `x`' up`");
});

test('of JSON, only what is said to people is touched', () => {
  const value = { remedy: '`holdfast up`', findings: [{ message: '`holdfast up`', series: '`holdfast up`' }] };
  expect(JSON.parse(JSON.stringify(value, namingReplacer(named)))).toEqual({
    remedy: "`holdfast --data '/srv/x' up`",
    findings: [{ message: "`holdfast --data '/srv/x' up`", series: '`holdfast up`' }],
  });
});

test('every verb is known', () => {
  expect([...worksOn.keys()]).toEqual(verbs.map(({ name }) => name));
});
