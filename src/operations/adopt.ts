import type { Plan, StepBase } from '../model/plan.ts';
import type { CommonFacts, Order } from '../platforms/platform.ts';
import { assemblePlan, throwFirst, type PlanningPlatform } from './assemble-plan.ts';
import { refuseDebt } from './refusals.ts';

/** Takes a directory in as a volume, making the stack's record where there is none. Starts nothing. */
export function planAdopt<F extends CommonFacts, S extends StepBase>(
  platform: PlanningPlatform<F, S>,
  facts: F,
  newRun: string,
): Plan<S> {
  const order: Order = { verb: 'adopt', run: newRun, proves: null, restartAll: false };
  throwFirst([...refuseDebt(facts, 'adopt'), ...platform.refusals(facts, order)]);
  return assemblePlan(platform, facts, [{ order, phases: ['protect', 'gate', 'create', 'bind'] }]);
}
