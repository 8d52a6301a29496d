import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findErrno, withFsErrors } from '../../files/fs-errors.ts';
import { withCacheLock } from './cache-lock.ts';
import { cacheParts, isCacheThere } from './open-cache.ts';
import type { StoreContext } from './store-context.ts';

/** Removes what this program has put into the cache, and the directory where nothing else is in it. */
export async function purgeCache(context: StoreContext): Promise<void> {
  if (!(await isCacheThere(context))) return;
  const { cacheRoot } = context;
  await withFsErrors(cacheRoot, 'write', async () => {
    const signal = AbortSignal.timeout(3_600_000);
    await withCacheLock(context, { onWait: () => undefined, signal }, async () => {
      for (const part of cacheParts) await rm(join(cacheRoot, part), { recursive: true, force: true });
    });
    const locks = (await readdir(cacheRoot)).filter((name) => name.startsWith(`lock-${context.hostTag}.json`));
    await Promise.all(locks.map((name) => rm(join(cacheRoot, name), { force: true })));
    await rmdir(cacheRoot).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(findErrno(error) ?? '')) throw error;
    });
  });
}
