import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { findErrno, withFsErrors } from '../../files/fs-errors.ts';
import type { StoreContext } from './store-context.ts';

/** The directories of a cache (docs/format/program-cache.md). */
export const cacheParts = ['entries', 'ledger', 'stamps', 'patched', 'downloads', 'apt'] as const;

/**
 * Makes the cache where there is none. Throws `program-unavailable` where others could put programs into it: what it
 * holds is executed.
 */
export async function openCache(context: StoreContext): Promise<void> {
  await withFsErrors(context.cacheRoot, 'write', async () => {
    await mkdir(context.cacheRoot, { recursive: true, mode: 0o700 });
    await refuseForeignCache(context);
    for (const part of cacheParts) {
      await mkdir(join(context.cacheRoot, part), { recursive: true, mode: 0o700 });
    }
  });
}

/** False where there is no cache yet. Throws as openCache does. */
export async function isCacheThere(context: StoreContext): Promise<boolean> {
  try {
    await refuseForeignCache(context);
    return true;
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The cache itself and its parts must be directories of ours that nobody else can write to. */
async function refuseForeignCache(context: StoreContext): Promise<void> {
  await refuseForeign(await realpath(context.cacheRoot), context.userId);
  for (const part of cacheParts) {
    const path = join(context.cacheRoot, part);
    try {
      await refuseForeign(path, context.userId);
    } catch (error) {
      if (findErrno(error) !== 'ENOENT') throw error;
    }
  }
}

async function refuseForeign(path: string, userId: number): Promise<void> {
  const info = await lstat(path);
  if (!info.isDirectory()) throw refusal(path, 'is not a directory', `Move ${path} away.`);
  if (info.uid !== userId) {
    throw refusal(
      path,
      `belongs to user ${info.uid}, not to user ${userId} who runs this`,
      `Remove ${path}, or run as its owner.`,
    );
  }
  if ((info.mode & 0o022) !== 0) {
    throw refusal(path, 'can be written to by others', `Look at what is in it, then: chmod -R go-w '${path}'`);
  }
}

function refusal(path: string, reason: string, remedy: string): HoldfastError {
  return new HoldfastError('program-unavailable', {
    message: `The program cache ${path} ${reason}: what lies in it would be run. Nothing was read from it or changed.`,
    remedy,
    details: { path, reason },
  });
}

/** For what is unpacked by others' tools: nobody else may write to it, and we can remove it again. */
export async function makePrivate(path: string): Promise<void> {
  await chmod(path, 0o700);
}
