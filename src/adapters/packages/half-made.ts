import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { findErrno } from '../../files/fs-errors.ts';
import type { StoreContext } from './store-context.ts';

type Part = 'entries' | 'downloads';
const goneSuffix = '.tmp-for-deletion';

/** Makes a directory under a half-made name, hands it to `fill`, and removes what is left under that name. */
export async function withHalfMade<T>(
  context: StoreContext,
  where: { readonly part: Part; readonly name: string },
  fill: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = join(context.cacheRoot, where.part, `${where.name}.${mark(context)}${halfMadeSuffix}`);
  await mkdir(directory, { mode: 0o700 });
  try {
    return await fill(directory);
  } finally {
    // A file that was being written when the work was stopped may appear while we remove.
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** Puts a whole directory in its place. One that is there already is broken, and goes. */
export async function putInPlace(context: StoreContext, made: string, place: string): Promise<void> {
  try {
    await rename(made, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(findErrno(error) ?? '')) throw error;
    const gone = `${place}.${mark(context)}${goneSuffix}`;
    await rename(place, gone);
    await rename(made, place);
    await rm(gone, { recursive: true, force: true });
  }
}

/** Removes what killed processes of this host left. Only under the cache's lock. */
export async function removeHalfMade(context: StoreContext): Promise<void> {
  for (const part of ['entries', 'downloads'] satisfies readonly Part[]) {
    const directory = join(context.cacheRoot, part);
    const names = await readdir(directory);
    const ours = names.filter(
      (name) => name.includes(`.${context.hostTag}-`) && (name.endsWith(halfMadeSuffix) || name.endsWith(goneSuffix)),
    );
    await Promise.all(ours.map((name) => rm(join(directory, name), { recursive: true, force: true })));
  }
}

function mark(context: StoreContext): string {
  return `${context.hostTag}-${context.randomId()}`;
}
