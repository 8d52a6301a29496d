import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findErrno, withFsErrors } from './fs-errors.ts';
import { halfMadeName, halfMadeSuffix } from './half-made.ts';

export interface AtomicFileOptions {
  /** Permission bits of the new file, whatever the umask and whatever the old file had. */
  readonly mode: number;
}

/**
 * Replaces a file as a whole: after a crash at any moment there is the old content or the new one, and once this returns
 * it is the new one even after a power cut. Throws `disk-full`, `data-root-not-writable` or `io`.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: AtomicFileOptions,
): Promise<void> {
  await withFsErrors(path, 'write', async () => {
    const half = halfMadeName(path);
    try {
      await writeNewFile(half, content, options.mode);
      await rename(half, path);
    } catch (error) {
      await rm(half, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
  });
}

/** Makes a file that must not exist yet, with its content on disk before this returns; a symlink is not followed. */
export async function writeNewFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    // The umask may have taken bits away that the caller asked for.
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a directory durable: fsync(2), "Calling fsync() does not necessarily ensure that the entry…". */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // Some network file systems know no fsync of a directory; they make names durable themselves.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(findErrno(error) ?? '')) throw error;
  } finally {
    await directory.close();
  }
}

/** Removes what killed writers left half-made in a directory. Only for whoever holds the lock that guards it. */
export async function removeHalfMadeFiles(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  const halves = entries.filter((entry) => entry.isFile() && entry.name.endsWith(halfMadeSuffix));
  await Promise.all(halves.map((entry) => rm(join(directory, entry.name), { force: true })));
}
