import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** Absolute paths of executable files by these names, in the order of the directories, then of the names. */
export async function findExecutables(names: readonly string[], environmentPath: string): Promise<readonly string[]> {
  // A relative entry would mean another program in another working directory.
  const directories = [...new Set(environmentPath.split(':').filter(isAbsolute))];
  const candidates = directories.flatMap((directory) => names.map((name) => join(directory, name)));
  const found = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => found[index]);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
