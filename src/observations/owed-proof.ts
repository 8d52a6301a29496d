import { findLockHolder } from '../data-root/data-root-lock.ts';
import { findNewestUnsettledRun } from '../data-root/debt.ts';
import type { Finding } from '../model/finding.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';

export interface OwedProofReaders {
  readonly dataRoot: string;
  readonly isAlive: (identity: ProcessIdentity) => Promise<boolean>;
}

/**
 * A run whose inventory no proof stands against, unless a command is at work on it just now: then it is not forgotten.
 * `judgedRun` is the run whose proof is judged already.
 */
export async function judgeOwedProof(
  readers: OwedProofReaders,
  judgedRun: string | undefined,
): Promise<readonly Finding[]> {
  const run = await findNewestUnsettledRun(readers.dataRoot);
  if (run === undefined || run === judgedRun || (await isBeingProven(run, readers))) return [];
  return [
    {
      rule: 'proof-owed',
      severity: 'warning',
      object: `runs/${run}`,
      message: `Run ${run} took an inventory, and no proof against it was written yet: whether everything is still there is not known.`,
      remedy: '`holdfast rebuild` (or `holdfast up`) writes it.',
    },
  ];
}

/** Only of these can the holder of the lock be about to write it; the run that took the inventory holds it under its own id. */
const provingVerbs: readonly string[] = ['rebuild', 'up'];

async function isBeingProven(run: string, { dataRoot, isAlive }: OwedProofReaders): Promise<boolean> {
  const holder = await findLockHolder(dataRoot);
  if (holder === undefined || (holder.run !== run && !provingVerbs.includes(holder.verb))) return false;
  // Of a process on another host nobody can say here whether it lives.
  return isAlive(holder).catch(() => false);
}
