import { dirname, join } from 'node:path';
import { findStackFile } from '../../data-root/stack-file.ts';
import { paths } from '../../model/paths.ts';
import { lstat } from 'node:fs/promises';

export interface BoundStack {
  readonly dataRoot: string;
  /** Null where its stack.json cannot be read: then it may list anything. */
  readonly stack: string | null;
}

/** A data root around a directory, or the directory itself, whose stack has a volume in it or around it. */
export async function findBoundStack(directory: string): Promise<BoundStack | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const found = await findStackAt(at, directory);
    if (found !== undefined) return found;
    if (dirname(at) === at) return undefined;
  }
}

async function findStackAt(dataRoot: string, directory: string): Promise<BoundStack | undefined> {
  if ((await lstat(join(dataRoot, paths.stackFile)).catch(() => undefined)) === undefined) return undefined;
  try {
    const stack = await findStackFile(dataRoot);
    const holds = stack?.volumes.some(({ path }) => {
      const volume = join(dataRoot, path);
      return isBelow(volume, directory) || isBelow(directory, volume);
    });
    return stack !== undefined && holds === true ? { dataRoot, stack: stack.name } : undefined;
  } catch {
    return { dataRoot, stack: null };
  }
}

/** True for the same as well. */
function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}
