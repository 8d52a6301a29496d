import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '../errors/holdfast-error.ts';

/** Asks until the component is ready. False where it was not before the deadline; throws `cancelled` on the signal. */
export async function awaitReady(
  component: { isReady(signal: AbortSignal): Promise<boolean> },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return awaitTrue(() => component.isReady(signal), timeoutMs, signal);
}

/** Looks five times a second until it is so. False where it was not before the deadline; throws `cancelled`. */
export async function awaitTrue(
  look: () => Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = AbortSignal.timeout(timeoutMs);
  while (!(await look())) {
    if (deadline.aborted) return false;
    await pause(200, signal);
  }
  return true;
}

async function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(timeMs, undefined, { signal });
  } catch (cause) {
    throw new HoldfastError('cancelled', {
      message: 'Waiting for a component was stopped.',
      remedy: 'Run the same command again to go on.',
      cause,
    });
  }
}
