import type { Plan, StepBase } from '../model/plan.ts';
import type { CommonFacts, Order } from '../platforms/platform.ts';
import { assemblePlan, throwFirst, type PlanningPlatform } from './assemble-plan.ts';
import { refuseMissingStack } from './refusals.ts';

/** Stops everything and keeps everything. Takes no inventory; a proof that is owed stays owed. */
export function planDown<F extends CommonFacts, S extends StepBase>(
  platform: PlanningPlatform<F, S>,
  facts: F,
  newRun: string,
): Plan<S> {
  const order: Order = { verb: 'down', run: newRun, proves: null, restartAll: true };
  throwFirst([...platform.refusals(facts, order), ...refuseMissingStack(facts, 'down')]);
  return assemblePlan(platform, facts, [{ order, phases: ['gate', 'quiesce'] }]);
}
