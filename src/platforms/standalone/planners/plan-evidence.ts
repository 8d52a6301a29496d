import { paths } from '../../../model/paths.ts';
import { effectiveRetention } from '../../../rules/retention.ts';
import type { ProveStep } from '../../../steps/prove.ts';
import type { TakeInventoryStep } from '../../../steps/take-inventory.ts';
import type { WriteRecordStep } from '../../../steps/write-record.ts';
import type { Order } from '../../platform.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';
import type { AcceptLossStep, StartDaemonStep } from '../standalone-step.ts';
import { planDaemon } from './plan-create.ts';

export function planRecord(facts: StandaloneFacts, order: Order): readonly WriteRecordStep[] {
  if (!facts.exists) return [];
  const path = paths.record(order.run);
  const file = `${facts.dataRoot}/${path}`;
  return [{ kind: 'write-record', phase: 'record', class: 'safe', title: `write ${path}`, run: order.run, file }];
}

export function planInventory(facts: StandaloneFacts, order: Order): readonly TakeInventoryStep[] {
  if (!facts.exists) return [];
  const path = paths.inventory(order.run);
  const file = `${facts.dataRoot}/${path}`;
  const title = `take inventory into ${path}`;
  return [{ kind: 'take-inventory', phase: 'inventory', class: 'safe', title, run: order.run, file }];
}

/** The proof; where the user accepts what an earlier one found lost, the debt is closed instead. */
export function planProve(
  facts: StandaloneFacts,
  order: Order,
): readonly (StartDaemonStep | ProveStep | AcceptLossStep)[] {
  if (order.proves === null) return [];
  const run = order.proves;
  const file = `${facts.dataRoot}/${paths.proof(run)}`;
  const inventoryFile = `${facts.dataRoot}/${paths.inventory(run)}`;
  const accepts = facts.options.acceptLoss && facts.debt?.run === run;
  if (accepts) {
    const title = `close the debt of run ${run} although its proof is not good`;
    return [{ kind: 'accept-loss', phase: 'prove', class: 'destructive', title, run }];
  }
  // A rebuild that proves an older run first does so before it creates anything, and without a daemon nothing is found.
  const isFirst = order.verb === 'rebuild' && run !== order.run;
  return [
    ...(isFirst ? planDaemon(facts) : []),
    {
      kind: 'prove',
      phase: 'prove',
      class: 'safe',
      title: `prove against ${paths.inventory(run)}`,
      run,
      file,
      inventoryFile,
      ...(facts.options.letRetentionDelete ? { letsDelete: effectiveRetention(facts.wanted.retention) } : {}),
    },
  ];
}
