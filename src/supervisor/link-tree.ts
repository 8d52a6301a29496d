import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface LinkedFile {
  /** Relative to the tree's root. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
  readonly how: 'link' | 'copy';
}

/**
 * Makes a second name for every file below `from` in the new directory `to`. The newest numbered file of a directory may
 * still grow under its inode, so it is copied; so is what cannot be linked (another file system, fs.protected_hardlinks,
 * file systems without links). Symlinks and special files are left out: nothing of Prometheus is one.
 */
export async function linkTree(from: string, to: string): Promise<readonly LinkedFile[]> {
  await mkdir(to, { mode: 0o700 });
  const entries = await readdir(from, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const newest = findNewestNumbered(names);
  const files: LinkedFile[] = [];
  for (const name of names) {
    const file = await linkOrCopy(join(from, name), join(to, name), name === newest);
    files.push({ ...file, path: name });
  }
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    const below = await linkTree(join(from, entry.name), join(to, entry.name));
    files.push(...below.map((file) => ({ ...file, path: `${entry.name}/${file.path}` })));
  }
  return files;
}

/** Names as `00000012`: segments of the WAL and files of head chunks. */
function findNewestNumbered(names: readonly string[]): string | undefined {
  const numbered = names.filter((name) => /^\d+$/.test(name));
  return numbered.sort((a, b) => Number(a) - Number(b)).at(-1);
}

async function linkOrCopy(from: string, to: string, mustCopy: boolean): Promise<Omit<LinkedFile, 'path'>> {
  const info = await lstat(from);
  const facts = { sizeBytes: info.size, modifiedMs: info.mtimeMs, inode: info.ino };
  if (!mustCopy && (await tryLink(from, to))) return { ...facts, how: 'link' };
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  return { ...facts, how: 'copy' };
}

const linkRefusals = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'];

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (linkRefusals.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
