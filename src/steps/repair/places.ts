import { lstat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { findErrno, withFsErrors } from '../../files/fs-errors.ts';

/** What lies at a path, not followed; undefined where nothing does. Throws `io` where that cannot be known. */
export async function findAt(path: string): Promise<Stats | undefined> {
  return withFsErrors(path, 'read', async () => {
    try {
      return await lstat(path);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(findErrno(error) ?? '')) return undefined;
      throw error;
    }
  });
}

export async function exists(path: string): Promise<boolean> {
  return (await findAt(path)) !== undefined;
}
