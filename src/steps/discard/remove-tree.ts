import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import { shellWord } from '../../model/shell-word.ts';

export interface RemoveTreeOptions {
  /** The file at its root that goes after everything else. */
  readonly last: string;
  /** Asked while there is anything but an empty directory. */
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
  readonly onRemoved: (count: number) => void;
}

/**
 * Deletes a directory with all that is in it, and nothing outside: symlinks are deleted and never followed, and another
 * file system that is mounted in it is an error. What a crash has left of it can be given to it again.
 */
export async function removeTree(root: string, options: RemoveTreeOptions): Promise<void> {
  await withFsErrors(root, 'write', async () => {
    const names = await readdir(root);
    if (names.length > 0 && !(await options.isOurs())) throw foreign(root);
    const { dev } = await lstat(root);
    const count = { removed: 0 };
    for (const name of names) if (name !== options.last) await removeEntry(join(root, name), { dev, count, options });
    if (names.includes(options.last)) await unlink(join(root, options.last));
    await rmdir(root);
  });
}

interface Removal {
  readonly dev: number;
  readonly count: { removed: number };
  readonly options: RemoveTreeOptions;
}

async function removeEntry(path: string, removal: Removal): Promise<void> {
  const { dev, count, options } = removal;
  options.signal.throwIfAborted();
  const info = await lstat(path);
  if (info.dev !== dev) throw mounted(path);
  if (info.isDirectory()) {
    for (const name of await readdir(path)) await removeEntry(join(path, name), removal);
    await rmdir(path);
  } else await unlink(path);
  count.removed += 1;
  if (count.removed % 100 === 0) options.onRemoved(count.removed);
}

function foreign(path: string): HoldfastError {
  return new HoldfastError('step-failed', {
    message: `${path} bears no mark of a discard and is not empty. It was left as it is.`,
    remedy: 'Look at it: what it is called is not enough to delete it.',
    details: { path },
  });
}

function mounted(path: string): HoldfastError {
  return new HoldfastError('io', {
    message: `${path} lies on another file system that is mounted there. It was left as it is.`,
    remedy: `Unmount it: umount ${shellWord(path)}; then run the same command again.`,
    details: { path },
  });
}
