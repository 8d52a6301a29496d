import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';

export interface Entry {
  /** Below the data directory; '.' for itself. */
  readonly path: string;
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
  readonly sizeBytes: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
}

export interface Walk {
  readonly entries: readonly Entry[];
  /** True where there was more than is looked at. */
  readonly isCut: boolean;
}

const mostEntries = 500_000;
/** A block's chunks and a checkpoint's segments lie on the third level; a snapshot's chunks on the fifth. */
const deepest = 6;
const notOurs = new Set(['lost+found']);

/** Names, owners and modes of all that lies in a directory. No symlink is followed; what vanishes meanwhile is left out. */
export function walkDirectory(directory: string): Walk {
  const entries: Entry[] = [];
  const visit = (path: string, name: string, depth: number): void => {
    const info = statOf(join(directory, path));
    if (info === undefined || entries.length >= mostEntries) return;
    entries.push(entryOf(path, name, info));
    if (!info.isDirectory() || depth === deepest || notOurs.has(name)) return;
    for (const child of namesIn(join(directory, path))) {
      visit(path === '.' ? child : join(path, child), child, depth + 1);
    }
  };
  visit('.', '.', 0);
  return { entries, isCut: entries.length >= mostEntries };
}

/** Undefined for what has gone, and for what lies in a directory that may be listed and not entered. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** None where it cannot be listed: whoever reads what is in it says so. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function entryOf(path: string, name: string, info: Stats): Entry {
  return {
    path,
    name,
    kind: info.isFile() ? 'file' : info.isDirectory() ? 'directory' : 'other',
    sizeBytes: info.size,
    uid: info.uid,
    gid: info.gid,
    mode: info.mode & 0o7777,
    modifiedMs: info.mtimeMs,
  };
}
