import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findErrno, fromFsError } from './fs-errors.ts';

export interface DirectorySizeOptions {
  /** After that many entries the sum so far is returned. Default 1 million. */
  readonly maxEntries?: number;
  readonly signal?: AbortSignal;
}

/**
 * Bytes of all regular files below a directory, by their length. Symlinks are not followed; what vanishes meanwhile
 * counts nothing, since a TSDB deletes blocks while we look. 0 where there is no such directory.
 */
export async function directorySize(directory: string, options: DirectorySizeOptions = {}): Promise<number> {
  const { maxEntries = 1_000_000, signal } = options;
  const pending = [directory];
  let sizeBytes = 0;
  let entries = 0;
  for (let next = pending.pop(); next !== undefined && entries < maxEntries; next = pending.pop()) {
    signal?.throwIfAborted();
    for (const entry of await list(next)) {
      entries += 1;
      const path = join(next, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) sizeBytes += await lengthOf(path);
    }
  }
  return sizeBytes;
}

async function list(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return [];
    throw fromFsError(error, directory, 'read');
  }
}

async function lengthOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return 0;
    throw fromFsError(error, path, 'read');
  }
}
