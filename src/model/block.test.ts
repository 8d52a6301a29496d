import { expect, test } from 'vitest';
import { isInOrder } from './block.ts';

test('blocks of out-of-order samples and of some series say nothing of how far the head was cut', () => {
  const hints = [[], ['other'], ['from-out-of-order'], ['from-stale-series'], ['other', 'from-selected-series']];
  expect(hints.map((each) => isInOrder({ hints: each }))).toEqual([true, true, false, false, false]);
});
