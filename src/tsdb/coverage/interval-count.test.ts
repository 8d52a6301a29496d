/** What is usual is what most samples have, to the millisecond where it is regular, whatever gaps there are besides. */
import { expect, test } from 'vitest';
import { cutOf } from '../../model/gap-rule.ts';
import { IntervalCount } from './interval-count.ts';

test('the median, and none where there is nothing', () => {
  const count = new IntervalCount();
  expect(count.usual()).toBeNull();
  count.add(0);
  count.add(-5);
  expect(count.usual()).toBeNull();
  count.add(15_000, 100);
  count.add(60_000, 99);
  count.add(3_600_000);
  expect(count.usual()).toBe(15_000);
  const jitter = new IntervalCount();
  for (const ms of [14_998, 15_001, 15_000, 15_001, 86_400_000]) jitter.add(ms);
  jitter.addAll(count);
  expect(jitter.usual()).toBeGreaterThanOrEqual(14_990);
  expect(jitter.usual()).toBeLessThanOrEqual(15_010);
});

test('a gap is longer than four intervals, and than twenty seconds', () => {
  expect([cutOf(15_000), cutOf(1000), cutOf(60_000), cutOf(null)]).toEqual([60_000, 20_000, 240_000, 300_000]);
});
