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
  for (const run of await listInventoriedRuns(dataRoot)) {
    if (!(await isSettled(dataRoot, run))) return run;
  }
  return undefined;
}

/**
 * As findUnsettledRun, of the newest inventory alone: no other is taken while one is owed. For whoever asks again and again,
 * since of all the proofs it reads one.
 */
export async function findNewestUnsettledRun(dataRoot: string): Promise<string | undefined> {
  const [run] = await listInventoriedRuns(dataRoot);
  return run === undefined || (await isSettled(dataRoot, run)) ? undefined : run;
}

/** Newest first: a run's id begins with its time. */
async function listInventoriedRuns(dataRoot: string): Promise<readonly string[]> {
  const names = await listNames(join(dataRoot, paths.inventories));
  const runs = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  return runs.sort().reverse();
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
