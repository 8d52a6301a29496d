import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** Calls `look` until it returns something (not undefined, not false) and returns that; throws with `what` at the deadline. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { timeoutMs = 30_000, everyMs = 100 }: WaitOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const found = await look();
      lastError = undefined;
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms.`, { cause: lastError });
    await sleep(everyMs);
  }
}
