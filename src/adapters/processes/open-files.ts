import { constants, type Dirent } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findErrno, fromFsError } from '../../files/fs-errors.ts';

/** What tells a file from every other, also where a container knows it by another path. */
type FileKey = string;

/** Keys of all files below a directory; what goes meanwhile is left out. Throws `io` where one cannot be listed. */
export async function listFileKeys(directory: string): Promise<ReadonlySet<FileKey>> {
  const keys = new Set<FileKey>();
  const pending = [directory];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of await listEntries(at, at === directory)) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) pending.push(path);
      const key = entry.isFile() ? await findKey(path) : undefined;
      if (key !== undefined) keys.add(key);
    }
  }
  return keys;
}

/** A Prometheus deletes blocks while they are listed. */
async function listEntries(path: string, mustExist: boolean): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const errno = findErrno(error);
    if (!mustExist && (errno === 'ENOENT' || errno === 'ENOTDIR')) return [];
    throw fromFsError(error, path, 'read');
  }
}

/** True where the process has one of these files open for writing; false where its descriptors may not be read. */
export async function writesAny(procRoot: string, pid: number, files: ReadonlySet<FileKey>): Promise<boolean> {
  const home = join(procRoot, String(pid));
  for (const name of await readdir(join(home, 'fd')).catch(() => [])) {
    const key = await findKey(join(home, 'fd', name));
    if (key !== undefined && files.has(key) && (await isForWriting(join(home, 'fdinfo', name)))) return true;
  }
  return false;
}

/** proc_pid_fdinfo(5): "flags" holds the access mode and the status flags, in octal. */
async function isForWriting(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? '0', 8);
  return (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0;
}

async function findKey(path: string): Promise<FileKey | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true ? `${info.dev}:${info.ino}` : undefined;
}
