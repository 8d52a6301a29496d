import type { PhaseName, Plan, StepBase } from '../model/plan.ts';
import type { CommonFacts, Order } from '../platforms/platform.ts';
import { assemblePlan, throwFirst, type PlanningPlatform } from './assemble-plan.ts';
import { refuseMissingStack } from './refusals.ts';

/**
 * Writes the record, takes the inventory, stops everything and removes the runtime; never data. While an earlier
 * inventory is owed no new one is taken: it would make what is missing by now the baseline.
 */
export function planTeardown<F extends CommonFacts, S extends StepBase>(
  platform: PlanningPlatform<F, S>,
  facts: F,
  newRun: string,
): Plan<S> {
  const order: Order = { verb: 'teardown', run: newRun, proves: null, restartAll: true };
  throwFirst([...platform.refusals(facts, order), ...refuseMissingStack(facts, 'teardown')]);
  const phases: readonly PhaseName[] = ['protect', 'record', ...takingApart(platform, facts.debt === null)];
  return assemblePlan(platform, facts, [{ order, phases }]);
}

/** From the running stack to nothing but its data, with the inventory where the platform takes it. */
export function takingApart(
  platform: { readonly inventoryBeforeQuiesce?: boolean },
  withInventory: boolean,
): readonly PhaseName[] {
  if (!withInventory) return ['quiesce', 'gate', 'remove'];
  const isBefore = platform.inventoryBeforeQuiesce ?? true;
  return isBefore ? ['inventory', 'quiesce', 'gate', 'remove'] : ['quiesce', 'inventory', 'gate', 'remove'];
}
