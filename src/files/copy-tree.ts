import { constants } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  lstat,
  lutimes,
  mkdir,
  open,
  realpath,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { syncDirectory } from './atomic-file.ts';
import { formatBytes } from '../model/bytes.ts';
import { freeSpace } from './free-space.ts';
import { fromFsError, withFsErrors } from './fs-errors.ts';
import { listTree, type TreeEntry } from './list-tree.ts';
import { isInside } from './paths-guard.ts';

export interface CopyTreeOptions {
  readonly signal?: AbortSignal;
  /** True for a path relative to the tree that is left out, with all that is below it. */
  readonly skip?: (path: string) => boolean;
  /** Called after each file with the bytes copied so far. */
  readonly onProgress?: (copiedBytes: number) => void;
  /** How much room there is; for tests. */
  readonly freeBytes?: number;
}

export interface CopyReport {
  readonly files: number;
  readonly bytes: number;
  /** Sockets, pipes and devices: relative paths of what was not copied. */
  readonly special: readonly string[];
}

/**
 * Copies a directory, by reflink where the file system can, with modes and times, and has it on disk before it returns.
 * The source is only read. `to` may exist but nothing in it is overwritten. Throws `not-adoptable` for a symlink that leads
 * out, for trees inside one another, and for a file that changes meanwhile; else `disk-full`, `data-root-not-writable`, `io`.
 */
export async function copyTree(from: string, to: string, options: CopyTreeOptions = {}): Promise<CopyReport> {
  const source = await realpath(from).catch((error: unknown) => {
    throw fromFsError(error, from, 'read');
  });
  const target = resolve(to);
  if (isInside(source, target) || isInside(target, source)) throw nested(source, target);
  const entries = await listTree(source, options);
  const files = entries.filter((entry) => entry.type === 'file');
  let copiedBytes = 0;
  await makeDirectories(entries, target);
  await requireRoom(files, { source, target, freeBytes: options.freeBytes ?? (await freeSpace(target)) });
  for (const entry of files) {
    options.signal?.throwIfAborted();
    await copyOne(entry, source, target);
    copiedBytes += entry.sizeBytes;
    options.onProgress?.(copiedBytes);
  }
  await makeSymlinks(entries, target);
  await finishDirectories(entries, target);
  const special = entries.filter((entry) => entry.type === 'special').map((entry) => entry.path);
  return { files: files.length, bytes: copiedBytes, special };
}

interface Room {
  readonly source: string;
  readonly target: string;
  readonly freeBytes: number;
}

/** Half a copy on a full disk helps nobody, and stops whatever else writes there. What can be reflinked needs no room. */
async function requireRoom(files: readonly TreeEntry[], { source, target, freeBytes }: Room): Promise<void> {
  const neededBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (neededBytes <= freeBytes) return;
  const largest = files.reduce((one, other) => (other.sizeBytes > one.sizeBytes ? other : one));
  if (await canClone(join(source, largest.path), join(target, largest.path))) return;
  throw new HoldfastError('disk-full', {
    message: `${source} takes ${formatBytes(neededBytes)}, and ${formatBytes(freeBytes)} are free for ${target}. Nothing was copied.`,
    remedy: 'Make room on that file system, or name a place on another one, then run the same command again.',
    details: { path: target, neededBytes, freeBytes },
  });
}

async function canClone(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
  } catch {
    return false;
  }
  await withFsErrors(to, 'write', () => unlink(to));
  return true;
}

async function makeDirectories(entries: readonly TreeEntry[], target: string): Promise<void> {
  for (const entry of entries) {
    if (entry.type !== 'directory') continue;
    const path = join(target, entry.path);
    await withFsErrors(path, 'write', () => mkdir(path, { recursive: true, mode: 0o700 }));
  }
}

async function copyOne(entry: TreeEntry, source: string, target: string): Promise<void> {
  const [from, to] = [join(source, entry.path), join(target, entry.path)];
  await withFsErrors(from, 'read', () => access(from, constants.R_OK));
  await withFsErrors(to, 'write', async () => {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const file = await open(to, 'r');
    try {
      await file.chmod(entry.mode);
      await file.utimes(entry.atimeMs / 1000, entry.mtimeMs / 1000);
      await file.sync();
    } finally {
      await file.close();
    }
    const after = await lstat(from);
    if (after.size !== entry.sizeBytes || after.mtimeMs !== entry.mtimeMs) throw changed(from);
  });
}

async function makeSymlinks(entries: readonly TreeEntry[], target: string): Promise<void> {
  for (const entry of entries) {
    if (entry.target === undefined) continue;
    const path = join(target, entry.path);
    const { target: leadsTo } = entry;
    await withFsErrors(path, 'write', async () => {
      await symlink(leadsTo, path);
      await lutimes(path, entry.atimeMs / 1000, entry.mtimeMs / 1000);
    });
  }
}

/** Innermost first, since a directory may forbid writing and gets a new time with everything made in it. */
async function finishDirectories(entries: readonly TreeEntry[], target: string): Promise<void> {
  for (const entry of entries.filter(({ type }) => type === 'directory').reverse()) {
    const path = join(target, entry.path);
    await withFsErrors(path, 'write', async () => {
      await syncDirectory(path);
      if (entry.path === '') return;
      await chmod(path, entry.mode);
      await utimes(path, entry.atimeMs / 1000, entry.mtimeMs / 1000);
    });
  }
  await withFsErrors(target, 'write', () => syncDirectory(dirname(target)));
}

function nested(source: string, target: string): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${source} and ${target} lie inside one another, so one cannot be copied to the other. Nothing was copied.`,
    remedy: 'Name a directory outside of the data root.',
    details: { source, target },
  });
}

function changed(path: string): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${path} changed while it was copied: something writes to it. The copy is not used, and the directory is as it was.`,
    remedy: 'Stop the program that writes there, then run the same command again.',
    details: { path },
  });
}
