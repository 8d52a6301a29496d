import { constants, type Stats } from 'node:fs';
import { copyFile, link, lstat, open } from 'node:fs/promises';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { digestFile } from './file-digest.ts';
import { findErrno, withFsErrors } from './fs-errors.ts';

export interface CopyVerifiedOptions {
  /** True to give it a second name instead, where the file system allows that. */
  readonly link: boolean;
  readonly signal: AbortSignal;
}

/**
 * Copies one regular file, by reflink where the file system can, has it on the disk, and reads both back: the digest is
 * that of either. The source is only read; a symlink is not followed, and a file that changes meanwhile is refused.
 */
export async function copyVerified(
  from: string,
  to: string,
  { link: isLinked, signal }: CopyVerifiedOptions,
): Promise<{ readonly digest: string; readonly isLinked: boolean }> {
  const before = await withFsErrors(from, 'read', () => lstat(from));
  if (!before.isFile()) throw changed(from);
  if (isLinked && (await tryToLink(from, to))) {
    return { digest: await withFsErrors(from, 'read', () => digestFile(from, { signal })), isLinked: true };
  }
  await withFsErrors(to, 'write', () => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
  await withFsErrors(to, 'write', () => syncFile(to));
  const digest = await withFsErrors(from, 'read', () => digestFile(from, { signal }));
  const copied = await withFsErrors(to, 'read', () => digestFile(to, { signal }));
  const after = await withFsErrors(from, 'read', () => lstat(from));
  if (!isSameFile(before, after)) throw changed(from);
  if (digest !== copied) throw notTheSame(from, to);
  return { digest, isLinked: false };
}

/** Where hard links are unknown or forbidden, or the other name is on another file system. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EXDEV', 'ENOSYS']);

async function tryToLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (noLinks.has(findErrno(error) ?? '')) return false;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.size === other.size && one.mtimeMs === other.mtimeMs;
}

function changed(path: string): HoldfastError {
  return new HoldfastError('not-stitchable', {
    message: `${path} is no regular file, or changed while it was copied: something writes to it. The copy is not used, and the source is as it was.`,
    remedy: 'Stop the program that writes there, then run the same command again.',
    details: { path },
  });
}

function notTheSame(from: string, to: string): HoldfastError {
  return new HoldfastError('io', {
    message: `${to} does not read back as ${from}: the disk has written something else. The copy is not used.`,
    remedy: 'Look at the health of that disk, then run the same command again.',
    details: { from, to },
  });
}
