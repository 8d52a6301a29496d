import { copyFile, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../files/atomic-file.ts';
import { paths } from '../model/paths.ts';
import { listSetAside } from './set-aside.ts';

const name = 'pushgateway.data';

/**
 * After a Pushgateway that could not read its file has been killed: puts the file back as it was set aside before that
 * start, should it have been overwritten. What it wrote itself is kept beside it. Returns whether there was need.
 */
export async function putBackPushgatewayFile(dataRoot: string): Promise<boolean> {
  const newest = (await listSetAside(dataRoot, 'pushgateway')).at(-1);
  if (newest === undefined) return false;
  const file = join(dataRoot, paths.volume('pushgateway'), name);
  const kept = join(dataRoot, newest, name);
  if (await isSameContent(file, kept)) return false;
  // A crash anywhere leaves the one file or the other in its place, and never none: Pushgateway would start empty.
  await copyFile(file, `${file}.overwritten`).catch(ignoreMissing);
  const half = `${file}.tmp-for-creation`;
  await copyFile(kept, half);
  await syncFile(half);
  await rename(half, file);
  await syncDirectory(dirname(file));
  return true;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isSameContent(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => readFile(path).catch(ignoreMissing)));
  return first !== undefined && second !== undefined && first.equals(second);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
