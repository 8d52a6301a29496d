import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { anySignal } from './any-signal.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a deadline comes although nothing but the joined signal is held while garbage is collected', async () => {
  const user = new AbortController();
  const joined = anySignal([user.signal, AbortSignal.timeout(300)]);
  const aborted = new Promise<unknown>((resolve) =>
    joined.addEventListener('abort', () => resolve(joined.reason), { once: true }),
  );
  // Only a turn of the event loop later may what is held weakly go.
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(10);
    collectGarbage();
  }
  expect(await Promise.race([aborted, sleep(5_000, 'never')])).toMatchObject({ name: 'TimeoutError' });
});

test('the first one that aborts gives the reason, also one that has aborted before', () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const joined = anySignal([first.signal, second.signal]);
  expect(joined.aborted).toBe(false);
  second.abort('second');
  first.abort('first');
  expect(joined.reason).toBe('second');
  expect(anySignal([first.signal, new AbortController().signal]).reason).toBe('first');
});
