import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../model/paths.ts';
import { isGoodProof } from '../model/proof.ts';
import { findProof } from './proof-file.ts';

/**
 * The newest run whose inventory no good proof stands against, or undefined. A proof that failed settles nothing; only a
 * good one does, or the marker that the user accepts the loss (docs/adr/0003). Throws `corrupt-file` for a proof that is
 * not whole.
 */
export async function findUnsettledRun(dataRoot: string): Promise<string | undefined> {
  const names = await listNames(join(dataRoot, paths.inventories));
  const runs = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  for (const run of runs.sort().reverse()) {
    if (!(await isSettled(dataRoot, run))) return run;
  }
  return undefined;
}

async function isSettled(dataRoot: string, run: string): Promise<boolean> {
  const proof = await findProof(join(dataRoot, paths.proof(run)));
  return (proof?.run === run && isGoodProof(proof)) || (await exists(join(dataRoot, acceptedPath(run))));
}

/** Relative path of the marker that the user has accepted what a run's proof found lost. */
export function acceptedPath(run: string): string {
  return `${paths.proofs}/${run}.accepted`;
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
