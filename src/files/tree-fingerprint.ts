import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A hash over names, kinds, sizes, times and inodes of all that is below a directory, without reading it: the same as long
 * as nobody has written there. Symlinks are entries and are not followed.
 */
export async function fingerprintTree(root: string): Promise<string> {
  const hash = createHash('sha256');
  const visit = async (path: string): Promise<void> => {
    const info = await lstat(join(root, path), { bigint: true });
    const isDirectory = info.isDirectory();
    // How large a directory is says nothing of what is in it.
    const size = isDirectory ? 0n : info.size;
    hash.update(JSON.stringify([path, String(info.mode), String(size), String(info.mtimeNs), String(info.ino)]));
    if (!isDirectory) return;
    for (const name of (await readdir(join(root, path))).sort()) await visit(join(path, name));
  };
  await visit('');
  return hash.digest('hex');
}
