import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine, readEnvironment, type FoundProcess } from '../harness/find-processes.ts';

/** Files below `root` that hold `secret`, by path and mode, as `secrets/password 600`. */
export async function listFilesHolding(root: string, secret: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // What a running component has just replaced or compacted away holds nothing any more.
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    if (!content.includes(secret)) continue;
    const { mode } = await lstat(path);
    found.push(`${path.slice(root.length + 1)} ${(mode & 0o777).toString(8)}`);
  }
  return found.sort();
}

/** Processes whose arguments or environment show `secret` to whoever lists processes. */
export async function listProcessesShowing(
  processes: readonly FoundProcess[],
  secret: string,
): Promise<readonly number[]> {
  const shown = await Promise.all(
    processes.map(async ({ pid }) => {
      const texts = await Promise.all([readCommandLine(pid), readEnvironment(pid)]);
      return texts.some((text) => text.includes(secret)) ? [pid] : [];
    }),
  );
  return shown.flat();
}

/** Directories and files below `root` that somebody else might read: every one that is not 0700 or 0600. */
export async function listOpenPaths(root: string): Promise<readonly string[]> {
  const open: string[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    if ((mode & 0o077) !== 0 && !entry.isSocket())
      open.push(`${path.slice(root.length + 1)} ${(mode & 0o777).toString(8)}`);
  }
  return open.sort();
}
