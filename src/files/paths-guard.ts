import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { findErrno, fromFsError } from './fs-errors.ts';

/** Joins a relative path to a root. Throws `corrupt-file` where it would lead out: absolute, `..`, or a NUL byte. */
export function joinInside(root: string, path: string): string {
  const clean = normalize(path);
  const leadsOut = isAbsolute(path) || path.includes('\0') || clean === '..' || clean.startsWith(`..${sep}`);
  if (leadsOut) throw outside(root, path);
  return join(root, clean);
}

/**
 * As joinInside, and no part of the path that exists may be a symlink that leads out of the root. The root itself may be
 * reached by a symlink. What does not exist yet is allowed.
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const target = joinInside(root, path);
  const realRoot = await realpath(root).catch((error: unknown) => {
    throw fromFsError(error, root, 'read');
  });
  let current = realRoot;
  for (const part of relative(root, target).split(sep)) {
    current = join(current, part);
    const real = await findRealPath(current);
    if (real === undefined) break;
    if (!isInside(realRoot, real)) throw outside(root, path);
    current = real;
  }
  return target;
}

/** True where `path` is `root` or lies below it, by name alone. */
export function isInside(root: string, path: string): boolean {
  const way = relative(resolve(root), resolve(path));
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

async function findRealPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (findErrno(error) !== 'ENOENT') throw fromFsError(error, path, 'read');
    // A symlink whose target is missing would be followed by whoever creates the file.
    if (await isSymlink(path)) return resolve(sep);
    return undefined;
  }
}

async function isSymlink(path: string): Promise<boolean> {
  return lstat(path).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );
}

function outside(root: string, path: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${JSON.stringify(path)} does not stay inside ${root}. Nothing was read or written there.`,
    remedy: 'Use a path inside that directory, and no symlink that leads out of it.',
    details: { root, path },
  });
}
