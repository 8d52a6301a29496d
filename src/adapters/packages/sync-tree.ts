import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../files/atomic-file.ts';

/** Has every file and directory of a tree on disk, so that a power cut after the rename finds it whole. */
export async function syncTree(root: string): Promise<void> {
  const pending = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const directory = next;
    const entries = await readdir(directory, { withFileTypes: true });
    pending.push(...entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name)));
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(directory, entry.name));
    for (let at = 0; at < files.length; at += 16) await Promise.all(files.slice(at, at + 16).map(syncFile));
    await syncDirectory(directory);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
