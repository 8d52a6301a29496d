import { join } from 'node:path';
import { findUnsettledRun } from '../../../data-root/debt.ts';
import { findInventory } from '../../../data-root/inventory-file.ts';
import { paths } from '../../../model/paths.ts';
import type { Verb } from '../../../model/plan.ts';
import type { Debt } from '../../platform.ts';
import type { InstanceFact } from '../standalone-facts.ts';

/**
 * The inventory that is still owed a proof. It counts as quiesced unless the very Prometheus that answered it still runs:
 * then nothing has been stopped since, and it can be proven on the spot.
 */
export async function observeDebt(dataRoot: string, instances: readonly InstanceFact[]): Promise<Debt | null> {
  const run = await findUnsettledRun(dataRoot);
  if (run === undefined) return null;
  const inventory = await findInventory(join(dataRoot, paths.inventory(run)));
  const prometheus = instances.find((instance) => instance.component === 'prometheus');
  const stillRuns =
    inventory?.witness === 'prometheus' && prometheus !== undefined && prometheus.startedAtMs < inventory.takenAtMs;
  return { run, verb: verbOf(run), quiesced: !stillRuns };
}

/** A run's id names its verb: `20261124T021500Z-rebuild-7f3a`. */
function verbOf(run: string): Verb {
  return run.includes('-teardown-') ? 'teardown' : 'rebuild';
}
