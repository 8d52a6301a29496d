import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { isBlockName } from '../block-name.ts';

/** Names that are a directory's wherever Prometheus writes them. */
const directoryName = /^(?:wal|wbl|chunks_head|chunks|checkpoint\.\d+|chunk_snapshot\.\d+\.\d+)$/;

function isDirectoryName(name: string): boolean {
  return directoryName.test(name) || isBlockName(name);
}

/**
 * Names in a directory below another; none where there is no such directory, or a symlink leads there. What should be a
 * directory and is none, as a block that is a symlink, is left out: Prometheus looks at the same (db.go isBlockDir).
 */
export function listNames(directory: string, path: string): readonly string[] {
  if (findLinkOnTheWay(directory, path) !== undefined) return [];
  const entries = readEntries(join(directory, path));
  return entries.filter((entry) => entry.isDirectory() || !isDirectoryName(entry.name)).map(({ name }) => name);
}

/** The first part of a path below a directory that is a symlink; the directory itself may be one. */
export function findLinkOnTheWay(directory: string, path: string): string | undefined {
  let below = '';
  for (const part of path.split('/')) {
    if (part === '.' || part === '') continue;
    below = join(below, part);
    if (lstatSync(join(directory, below), { throwIfNoEntry: false })?.isSymbolicLink() === true) return below;
  }
  return undefined;
}

/**
 * Symlinks in a data directory where directories belong, by their paths: nothing of what lies behind them is read. Those
 * that cannot be seen, since their directory cannot be listed, are left out: whoever reads it says so.
 */
export function findLinks(directory: string): readonly string[] {
  const found: string[] = [];
  const look = (path: string): void => {
    for (const entry of tryToReadEntries(join(directory, path))) {
      const below = join(path, entry.name);
      if (!isDirectoryName(entry.name)) continue;
      if (entry.isSymbolicLink()) found.push(below);
      else if (entry.isDirectory() && path === '.') look(below);
    }
  };
  look('.');
  return found.sort();
}

function tryToReadEntries(path: string): readonly Dirent[] {
  try {
    return readEntries(path);
  } catch {
    return [];
  }
}

function readEntries(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
