import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface SnapshotOptions {
  /** True for a path, relative to the root, that is left out with all below it. */
  readonly except?: (path: string) => boolean;
}

/**
 * Every path below `root` with its mode and the SHA-256 of its content: equal trees give equal objects. Of a directory that
 * may not be read, its mode alone.
 */
export async function snapshotTree(
  root: string,
  { except = () => false }: SnapshotOptions = {},
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const visit = async (relative: string): Promise<void> => {
    for (const name of [...(await namesIn(join(root, relative)))].sort()) {
      const path = join(relative, name);
      if (except(path)) continue;
      const info = await lstat(join(root, path));
      const mode = (info.mode & 0o7777).toString(8);
      if (info.isDirectory()) {
        found[path] = `directory ${mode}`;
        await visit(path);
      } else if (info.isSymbolicLink()) found[path] = `link ${await readlink(join(root, path))}`;
      else if (info.isFile()) found[path] = `file ${mode} ${await hash(join(root, path))}`;
      else found[path] = 'other';
    }
  };
  await visit('');
  return found;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  });
}

async function hash(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
