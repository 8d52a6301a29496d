import { findErrno } from '../../files/fs-errors.ts';
import { Damage } from '../damage.ts';

/** What the file system says of something that is there: that this user may not look at it, or that it cannot give it. */
const unreadable: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EIO', 'ESTALE']);

/** The errno where a file or directory cannot be read whoever asks again; undefined for any other error. */
export function findUnreadable(error: unknown): string | undefined {
  const errno = findErrno(error);
  return errno !== undefined && unreadable.has(errno) ? errno : undefined;
}

/** The damage that an error stands for; undefined for one that stands for none. */
export function damageOf(error: unknown): Damage | undefined {
  if (error instanceof Damage) return error;
  const errno = findUnreadable(error);
  return errno === undefined ? undefined : new Damage('unreadable', `the block cannot be read (${errno})`, 0, error);
}
