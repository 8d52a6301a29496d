import { expect, test } from 'vitest';
import { decideRestart, defaultRestartPolicy, type Death } from './restart-policy.ts';

function deaths(count: number, apartMs: number, hopeless = false): readonly Death[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: index * apartMs, hopeless }));
}

test('waits twice as long each time, to a limit', () => {
  const delays = [1, 2, 3, 7, 8].map((count) => decideRestart(deaths(count, 1_000), defaultRestartPolicy));
  expect(delays.map((decision) => decision.restart && decision.delayMs)).toEqual([500, 1000, 2000, 30_000, 30_000]);
});

test('gives up after too many deaths in the window', () => {
  expect(decideRestart(deaths(9, 1_000), defaultRestartPolicy)).toEqual({ restart: false });
});

test('deaths from long ago do not count', () => {
  expect(decideRestart(deaths(50, 300_000), defaultRestartPolicy)).toEqual({ restart: true, delayMs: 2000 });
});

test('gives up sooner where the cause will not go away', () => {
  expect(decideRestart(deaths(2, 1_000, true), defaultRestartPolicy).restart).toBe(true);
  expect(decideRestart(deaths(3, 1_000, true), defaultRestartPolicy).restart).toBe(false);
});
