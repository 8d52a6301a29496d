import { setTimeout as sleep } from 'node:timers/promises';

export interface RunEveryOptions {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Does something at once and then again and again until the signal aborts; a failure is said once and does not end it. */
export async function runEvery(everyMs: number, work: () => Promise<unknown>, options: RunEveryOptions): Promise<void> {
  const { signal, say } = options;
  let lastFailure = '';
  while (!signal.aborted) {
    const failure = await work().then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (failure !== '' && failure !== lastFailure) say(failure);
    lastFailure = failure;
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
