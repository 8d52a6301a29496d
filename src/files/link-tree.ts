import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './atomic-file.ts';
import { findErrno, withFsErrors } from './fs-errors.ts';
import { listTree, type ListTreeOptions, type TreeEntry } from './list-tree.ts';

export interface LinkTreeOptions extends ListTreeOptions {
  /** True for a relative path that is copied, since its program appends to it in place: a link would change with it. */
  readonly copy?: (path: string) => boolean;
}

export interface LinkReport {
  readonly linked: number;
  readonly copied: number;
  /** Files that were deleted while we looked, and what is no file at all: relative paths. */
  readonly left: readonly string[];
}

/**
 * Gives a directory's files a second name below `to` by hard links: at once, and safe from their deletion. Copies where a
 * link is not allowed (fs.protected_hardlinks, another file system). Nothing in `to` is overwritten. Throws as copyTree.
 */
export async function linkTree(from: string, to: string, options: LinkTreeOptions = {}): Promise<LinkReport> {
  const entries = await listTree(from, options);
  const left: string[] = [];
  let [linked, copied] = [0, 0];
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    const path = join(to, entry.path);
    const how = await withFsErrors(path, 'write', () => place(entry, join(from, entry.path), path, options));
    if (how === 'linked') linked += 1;
    else if (how === 'copied') copied += 1;
    else if (how === 'left') left.push(entry.path);
  }
  for (const entry of entries.filter(({ type }) => type === 'directory').reverse()) {
    await withFsErrors(to, 'write', () => syncDirectory(join(to, entry.path)));
  }
  await withFsErrors(to, 'write', () => syncDirectory(dirname(to)));
  return { linked, copied, left };
}

async function place(
  entry: TreeEntry,
  from: string,
  to: string,
  options: LinkTreeOptions,
): Promise<'linked' | 'copied' | 'left' | 'made'> {
  if (entry.type === 'special') return 'left';
  if (entry.type === 'directory') {
    await mkdir(to, { recursive: true, mode: 0o700 });
    return 'made';
  }
  if (entry.target !== undefined) {
    await symlink(entry.target, to);
    return 'made';
  }
  try {
    return options.copy?.(entry.path) === true ? await copyDurably(from, to) : await linkOrCopy(from, to);
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return 'left';
    throw error;
  }
}

async function linkOrCopy(from: string, to: string): Promise<'linked' | 'copied'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    if (!['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP'].includes(findErrno(error) ?? '')) throw error;
    return copyDurably(from, to);
  }
}

async function copyDurably(from: string, to: string): Promise<'copied'> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  const file = await open(to, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return 'copied';
}
