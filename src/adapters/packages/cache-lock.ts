import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, type HoldfastError } from '../../errors/holdfast-error.ts';
import { takeLock, type Lock } from '../../files/lock.ts';
import type { StoreContext } from './store-context.ts';

export interface CacheLockOptions {
  /** Told once, with what is known of the process that fills the cache now. */
  readonly onWait: (holder: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs `action` while no other process of this host fills the cache. A dead holder never delays. Hosts that share a cache
 * do not exclude each other: what they make is renamed into place as a whole, and is the same. Throws `locked` after an
 * hour, which is longer than a holder's own deadlines allow it to be at work on one program.
 */
export async function withCacheLock<T>(
  context: StoreContext,
  options: CacheLockOptions,
  action: () => Promise<T>,
): Promise<T> {
  const lock = await waitForLock(context, options);
  try {
    return await action();
  } finally {
    await lock.release();
  }
}

const patienceMs = 3_600_000;

async function waitForLock(context: StoreContext, { onWait, signal }: CacheLockOptions): Promise<Lock> {
  const until = performance.now() + patienceMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await tryLock(context);
    } catch (error) {
      if (!hasCode(error, 'locked') || performance.now() > until) throw error;
      if (isFirst) onWait(describeHolder(error));
    }
    await sleep(200, undefined, { signal });
  }
}

function tryLock(context: StoreContext): Promise<Lock> {
  const path = join(context.cacheRoot, `lock-${context.hostTag}.json`);
  return takeLock(path, {
    holder: { ...context.processes.self(), verb: 'programs', run: '' },
    isAlive: (identity) => context.processes.isAlive(identity),
    // The name tells this host's lock from others', so this only takes one that cannot be read.
    breakForeign: true,
  });
}

function describeHolder(error: HoldfastError): string {
  const { holder } = error.details as { holder?: { pid?: unknown } };
  return typeof holder?.pid === 'number' ? `process ${holder.pid}` : 'another process';
}
