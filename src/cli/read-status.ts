import type { ProcessIdentity } from '../model/process-identity.ts';
import type { StatusReport } from '../model/status.ts';
import { observeStatus } from '../observations/status.ts';
import type { CommandContext } from './command.ts';

/** The status of a data root as `status` and the end of `up` see it. */
export async function readStatus(
  dataRoot: string,
  options: { readonly fresh: boolean },
  context: CommandContext,
): Promise<StatusReport> {
  const { world, now, signal } = context;
  const readers = {
    dataRoot,
    daemon: await world.openDaemon(dataRoot),
    findLastRun: async () => (await world.listRuns(dataRoot, { limit: 3 }))[0],
    isAlive: (identity: ProcessIdentity) => world.isAlive(identity),
    now,
  };
  return observeStatus(readers, options, signal);
}
