import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { findDiscardMark } from '../../data-root/discard-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { DiscardMark } from '../../model/discard-step.ts';
import { parseDiscardedName, removalSuffix } from '../../rules/discard-name.ts';

/**
 * fresh: a directory that nobody has discarded. discarded: one with the name of such. going: what a removal that was broken
 * off has left. done: it is not there any more, and what it was renamed to is.
 */
export type DiscardPlace =
  | { readonly state: 'fresh' | 'discarded'; readonly path: string }
  | { readonly state: 'going'; readonly path: string; readonly markedBy: string }
  | { readonly state: 'done'; readonly path: string; readonly mark: DiscardMark };

/** How far a directory is on its way, by what lies there. Throws `not-a-directory` and `not-discardable`. */
export async function locateDiscard(path: string): Promise<DiscardPlace> {
  const named = parseDiscardedName(basename(path));
  if (await isDirectory(path)) {
    if (named?.isGoing === true) return going(path);
    return { state: named === undefined ? 'fresh' : 'discarded', path };
  }
  const rest = `${path}${removalSuffix}`;
  if (named?.isGoing === false && (await isDirectory(rest))) return going(rest);
  const done = await findRenamed(path);
  if (done !== undefined) return done;
  throw new HoldfastError('not-a-directory', {
    message: `${path} is not a directory that could be discarded. Nothing was changed.`,
    remedy: 'Name the directory itself, as `holdfast rescue` lists it, and no symlink to it.',
    details: { path },
  });
}

/** The mark goes last, so what has none must be empty. */
async function going(path: string): Promise<DiscardPlace> {
  const mark = await findDiscardMark(path);
  const isEmpty = (await readdir(path)).length === 0;
  const name = parseDiscardedName(basename(path))?.name;
  if (mark !== undefined ? mark.name === name : isEmpty) return { state: 'going', path, markedBy: mark?.run ?? '' };
  throw new HoldfastError('not-discardable', {
    message: `${path} is not deleted: it bears no mark of a discard, and is not empty. Nothing was changed.`,
    remedy: 'Look at it: what it is called is not enough to delete it.',
    details: { path, rule: 'unmarked' },
  });
}

async function findRenamed(path: string): Promise<DiscardPlace | undefined> {
  const names = await readdir(dirname(path)).catch((): string[] => []);
  for (const name of names.sort().reverse()) {
    if (parseDiscardedName(name)?.name !== basename(path)) continue;
    const found = join(dirname(path), name);
    const mark = await findDiscardMark(found).catch(() => undefined);
    if (mark?.name === basename(path)) return { state: 'done', path: found, mark };
  }
  return undefined;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}
