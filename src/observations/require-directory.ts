import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { findErrno, fromFsError } from '../files/fs-errors.ts';
import { isNotUtf8, notUtf8Reason, notUtf8Remedy } from '../model/not-utf8.ts';
import { shellWord } from '../model/shell-word.ts';

/** Throws `not-a-directory` for a path that is not there or is no directory, and `io` where nobody can tell. */
export async function requireDirectory(path: string, remedy: string): Promise<void> {
  const info = await stat(path).catch((error: unknown) => error);
  if (info instanceof Error) {
    const errno = findErrno(info);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw fromFsError(info, path, 'read');
    throw await notThere(path, remedy);
  }
  if ((info as { isDirectory(): boolean }).isDirectory()) return;
  throw new HoldfastError('not-a-directory', {
    message: `${path} is not a directory. Nothing was looked at.`,
    remedy,
    details: { path },
  });
}

/** Says up to where the path is there: a share that is not mounted looks like a name that was mistyped. */
export async function notThere(path: string, remedy: string): Promise<HoldfastError> {
  const existing = await deepestThere(dirname(path));
  if (isNotUtf8(path)) {
    const message = `${path} is not there: ${notUtf8Reason}. Nothing was looked at.`;
    return new HoldfastError('not-a-directory', { message, remedy: notUtf8Remedy, details: { path, existing } });
  }
  const upTo = existing === dirname(path) ? '' : ` There is only ${existing}.`;
  return new HoldfastError('not-a-directory', {
    message: `${path} is not there.${upTo} Nothing was looked at.`,
    remedy: `Look what is there: ls -la ${shellWord(existing)}. ${remedy}`,
    details: { path, existing },
  });
}

async function deepestThere(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : deepestThere(dirname(path));
}
