import type { Plan, StepBase } from '../model/plan.ts';
import type { CommonFacts, Order } from '../platforms/platform.ts';
import { assemblePlan, throwFirst, type PlanningPlatform } from './assemble-plan.ts';

/**
 * Makes what is missing, restarts only what would be launched differently now, starts the rest, and pays the proof that an
 * earlier run owes. Throws the platform's first refusal.
 */
export function planUp<F extends CommonFacts, S extends StepBase>(
  platform: PlanningPlatform<F, S>,
  facts: F,
  newRun: string,
): Plan<S> {
  const order: Order = { verb: 'up', run: newRun, proves: facts.debt?.run ?? null, restartAll: false };
  throwFirst(platform.refusals(facts, order));
  // What is made comes before what is stopped: a program that must still be fetched costs no outage.
  const phases = ['protect', 'gate', 'create', 'quiesce', 'bind', 'start'] as const;
  return assemblePlan(platform, facts, [{ order, phases: order.proves === null ? phases : [...phases, 'prove'] }]);
}
