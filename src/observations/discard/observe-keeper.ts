import { lstat } from 'node:fs/promises';
import { findDiscardedAbove } from '../../data-root/discard-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { KeeperRef } from '../../model/discard-step.ts';
import { parseDiscardedName } from '../../rules/discard-name.ts';
import { findDataDirectory } from '../tsdb-inventory.ts';
import type { Discardable } from './observe-discardable.ts';
import { scanTree } from './scan-tree.ts';

/** Why a directory cannot be the one that holds what is discarded. */
export interface NoKeeper {
  readonly path: string;
  readonly reason: string;
}

/**
 * The data directory in a directory without a symlink in its path, where it may count as another place than the discarded
 * one: it is no part of that, shares no directory with it, and is not discarded itself.
 */
export async function observeKeeper(path: string, discarded: Discardable): Promise<KeeperRef | NoKeeper> {
  if (isBelow(path, discarded.path) || isBelow(discarded.path, path)) {
    return { path, reason: `it is, holds, or lies in ${discarded.path} itself` };
  }
  const gone = await findDiscardedAbove(path, (name) => parseDiscardedName(name) !== undefined);
  if (gone !== undefined) return { path, reason: `${gone} is discarded itself` };
  try {
    const data = await findDataDirectory(path);
    const tree = scanTree(data);
    // What lies behind a symlink may be the very thing that is discarded; the reader would follow one to a directory.
    const [strange] = tree.strange;
    if (strange !== undefined) return { path, reason: `${strange} in it` };
    const shared = [...tree.directories].some((key) => discarded.tree.directories.has(key));
    if (shared) return { path, reason: `it is the same directory as one in ${discarded.path}, mounted a second time` };
    return { path: data, inode: (await lstat(data)).ino };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { path, reason: error.message };
  }
}

/** True for the same as well. */
function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root === '/' ? root : `${root}/`);
}
