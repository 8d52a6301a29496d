import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Damage } from '../damage.ts';
import { findLinkOnTheWay } from './links.ts';

/**
 * Opens a regular file below a directory for reading; throws Damage for one that is not there, a symlink, one that lies
 * behind a symlink, or anything else.
 */
export function openRegularFile(
  directory: string,
  path: string,
): { readonly descriptor: number; readonly sizeBytes: number } {
  const link = findLinkOnTheWay(directory, dirname(path));
  if (link !== undefined) throw new Damage('bad-structure', `lies behind ${link}, which is a symbolic link`, 0);
  const descriptor = tryOpen(join(directory, path));
  const info = fstatSync(descriptor);
  if (info.isFile()) return { descriptor, sizeBytes: info.size };
  closeSync(descriptor);
  throw new Damage('bad-structure', 'is not a regular file', 0);
}

function tryOpen(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Damage('missing', 'is not there', 0);
    if (code === 'ELOOP') throw new Damage('bad-structure', 'is a symbolic link', 0);
    throw error;
  }
}
