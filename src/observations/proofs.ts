import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptedPath } from '../data-root/debt.ts';
import { findProof } from '../data-root/proof-file.ts';
import { findErrno, fromFsError } from '../files/fs-errors.ts';
import { paths } from '../model/paths.ts';
import type { Proof } from '../model/proof.ts';

/** The proof that this run wrote, or undefined. Throws `corrupt-file` where it is not whole. */
export async function findProofOfRun(dataRoot: string, run: string): Promise<Proof | undefined> {
  return findProof(join(dataRoot, paths.proof(run)));
}

/** The proof of the newest run that has one: run ids sort by time. */
export async function findLastProof(dataRoot: string): Promise<Proof | undefined> {
  const names = await listNames(join(dataRoot, paths.proofs));
  const last = names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  return last === undefined ? undefined : findProof(join(dataRoot, paths.proofs, last));
}

/** True where the user has accepted what that run's proof found missing. */
export async function isLossAccepted(dataRoot: string, run: string): Promise<boolean> {
  return stat(join(dataRoot, acceptedPath(run))).then(
    () => true,
    () => false,
  );
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return [];
    throw fromFsError(error, directory, 'read');
  }
}
