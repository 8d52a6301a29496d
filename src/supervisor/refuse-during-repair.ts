import { join } from 'node:path';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import { findLockHolder } from '../data-root/data-root-lock.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { LockHolder } from '../files/lock.ts';
import { dataDirectoryInVolume, paths, quarantinesOf } from '../model/paths.ts';
import type { StackFile } from '../model/stack-file.ts';

export interface RepairLook {
  readonly dataRoot: string;
  readonly processes: ProcessReader;
  /** The run of a repair of a data directory that was broken off, or undefined. Both absolute. */
  readonly findBegunRepair: (place: {
    readonly directory: string;
    readonly quarantine: string;
  }) => Promise<string | undefined>;
}

/**
 * A repair that lives has the volume for itself, and what one that was broken off has not put in its place yet could be
 * written over. Each has the lock of the quarantine, and one that was not given a directory that of the data root as well.
 * Throws `volume-locked` and `repair-unfinished`.
 */
export async function refuseDuringRepair(stack: StackFile, look: RepairLook): Promise<void> {
  const { dataRoot, processes } = look;
  const path = stack.volumes.find((listed) => listed.component === 'prometheus')?.path ?? paths.volume('prometheus');
  const directory = join(dataRoot, path, dataDirectoryInVolume['prometheus'] ?? '');
  const { beside, inside } = quarantinesOf(directory);
  for (const root of [dataRoot, beside, inside]) {
    const holder = await findLockHolder(root);
    if (holder?.verb !== 'repair' || holder.host !== processes.self().host) continue;
    if (await processes.isAlive(holder)) throw beingRepaired(holder);
  }
  for (const quarantine of [beside, inside]) {
    const run = await look.findBegunRepair({ directory, quarantine });
    if (run !== undefined) throw repairUnfinished(run);
  }
}

function beingRepaired({ pid, run }: LockHolder): HoldfastError {
  return new HoldfastError('volume-locked', {
    message: `The volume of prometheus is being repaired by process ${pid} (run ${run}), so Prometheus is not started. Nothing was changed by this start.`,
    remedy: 'Wait until the repair has ended: Prometheus is then started by itself.',
    details: { pid, run },
  });
}

function repairUnfinished(run: string): HoldfastError {
  return new HoldfastError('repair-unfinished', {
    message: `The repair of the volume of prometheus (run ${run}) was broken off, so Prometheus is not started: it could write over what is not in its place yet. Every original is there or in the quarantine.`,
    remedy: 'Run `holdfast repair`, which finishes it; then `holdfast up`, or the command that was refused.',
    details: { run },
  });
}
