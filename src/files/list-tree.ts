import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { fromFsError } from './fs-errors.ts';
import { isInside } from './paths-guard.ts';

export interface TreeEntry {
  /** Relative to the root of the tree; '' is the root itself. */
  readonly path: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly atimeMs: number;
  readonly type: 'directory' | 'file' | 'symlink' | 'special';
  /** Where a symlink leads to, as it is written there. */
  readonly target?: string;
}

export interface ListTreeOptions {
  /** True for a relative path that is to be left out, with all that is below it. */
  readonly skip?: ((path: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Everything below a directory, each directory before what it holds, in the order of names. Throws `not-adoptable` for a
 * symlink that leads out of the tree: whoever copies it would take in what is not there, or write outside.
 */
export async function listTree(root: string, options: ListTreeOptions = {}): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const visit = async (path: string): Promise<void> => {
    options.signal?.throwIfAborted();
    if (path !== '' && options.skip?.(path) === true) return;
    const entry = await readEntry(root, path);
    entries.push(entry);
    if (entry.type !== 'directory') return;
    for (const name of (await readdir(join(root, path))).sort()) await visit(join(path, name));
  };
  try {
    await visit('');
  } catch (error) {
    throw fromFsError(error, root, 'read');
  }
  return entries;
}

async function readEntry(root: string, path: string): Promise<TreeEntry> {
  const absolute = join(root, path);
  const info = await lstat(absolute);
  const base = { path, mode: info.mode & 0o777, sizeBytes: info.size, mtimeMs: info.mtimeMs, atimeMs: info.atimeMs };
  if (info.isDirectory()) return { ...base, type: 'directory' };
  if (info.isFile()) return { ...base, type: 'file' };
  if (!info.isSymbolicLink()) return { ...base, type: 'special' };
  const target = await readlink(absolute);
  const stays = !isAbsolute(target) && isInside(root, resolve(dirname(absolute), target));
  if (!stays) throw leadsOut(absolute, target);
  return { ...base, type: 'symlink', target };
}

function leadsOut(path: string, target: string): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${path} is a symlink to ${target}, outside of its directory. Nothing was copied.`,
    remedy: `Put what it leads to in its place, or remove ${path} if it does not belong to the data.`,
    details: { path, target },
  });
}
