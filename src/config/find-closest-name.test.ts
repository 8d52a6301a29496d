import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findClosestName } from './find-closest-name.ts';

const names = ['prometheus', 'alertmanager', 'port', 'up'];

test.each([
  ['promtheus', 'prometheus'],
  ['alertmanger', 'alertmanager'],
  ['Port', 'port'],
  ['down', undefined],
  ['uq', 'up'],
  ['x'.repeat(100_000), undefined],
])('%j is meant as %s', (word, expected) => {
  expect(findClosestName(word, names)).toBe(expected);
});

test('a name is closest to itself', () => {
  fc.assert(fc.property(fc.constantFrom(...names), (name) => findClosestName(name, names) === name));
});
