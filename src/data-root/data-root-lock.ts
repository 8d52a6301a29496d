import { join } from 'node:path';
import { readLock, type LockHolder } from '../files/lock.ts';
import { paths } from '../model/paths.ts';

/** Who holds the lock of a data root, whether or not that process lives; undefined for nobody that can be read. */
export async function findLockHolder(dataRoot: string): Promise<LockHolder | undefined> {
  const lock = await readLock(join(dataRoot, paths.lock));
  return lock.state === 'held' ? lock.holder : undefined;
}
