import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Processes } from '../adapters/processes/processes.ts';
import type { RunKeeper } from '../cli/command.ts';
import { carryOut } from '../engine/carry-out.ts';
import { openJournal } from '../engine/journal.ts';
import { newRunId } from '../engine/new-run-id.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { withFsErrors } from '../files/fs-errors.ts';
import { takeLock } from '../files/lock.ts';
import { paths } from '../model/paths.ts';

/** Ids, lock and journal of a data root. */
export function openRuns(dataRoot: string, processes: Processes): RunKeeper {
  return {
    newRun: (verb) => newRunId(verb, Date.now(), randomBytes(4).toString('hex')),
    lock: async ({ verb, run, breakForeign }) => {
      await makeDataRoot(dataRoot);
      return takeLock(join(dataRoot, paths.lock), {
        holder: { ...processes.self(), verb, run },
        isAlive: (identity) => processes.isAlive(identity),
        breakForeign,
      });
    },
    carryOut: async (plan, options) => {
      const journal = await openJournal(dataRoot, plan.run);
      try {
        await carryOut(plan, { ...options, journal, by: processes.self(), now: Date.now });
      } finally {
        await journal.close();
      }
    },
  };
}

/** Only its owner may look into a data root: it holds the password of everything. */
async function makeDataRoot(dataRoot: string): Promise<void> {
  try {
    await withFsErrors(dataRoot, 'write', () => mkdir(dataRoot, { recursive: true, mode: 0o700 }));
  } catch (error) {
    const errno = error instanceof HoldfastError ? error.details['errno'] : undefined;
    if (errno !== 'ENOTDIR' && errno !== 'EEXIST') throw error;
    throw new HoldfastError('data-root-not-writable', {
      message: `${dataRoot} cannot be a data root: it, or something on the way to it, is not a directory.`,
      remedy: 'Name another directory with --data DIR.',
      details: { path: dataRoot, errno },
      cause: error,
    });
  }
}
