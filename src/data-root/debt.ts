import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../model/paths.ts';

/** One run's inventory file and whether it has been settled. */
export interface Evidence {
  readonly run: string;
  readonly settled: boolean;
}

/**
 * The newest run whose inventory no good proof stands against, or undefined. A proof that failed settles nothing: the
 * file `<run>.settled` does, written after a good proof or when the user accepts a loss (docs/adr/0003).
 */
export async function findUnsettledRun(dataRoot: string): Promise<string | undefined> {
  const names = await listNames(join(dataRoot, paths.inventories));
  const runs = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  for (const run of runs.sort().reverse()) {
    if (!(await exists(join(dataRoot, settledPath(run))))) return run;
  }
  return undefined;
}

/** Relative path of the marker that closes a run's debt. */
export function settledPath(run: string): string {
  return `${paths.proofs}/${run}.settled`;
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
