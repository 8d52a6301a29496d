import type { Plan, StepBase } from '../model/plan.ts';
import type { CommonFacts, Order } from '../platforms/platform.ts';
import { assemblePlan, throwFirst, type PlanningPlatform, type Stretch } from './assemble-plan.ts';
import { refuseMissingStack } from './refusals.ts';
import { takingApart } from './teardown.ts';

/**
 * Takes the stack apart, puts it together from its record and proves that nothing was lost. A run that was interrupted
 * after something had stopped is continued under its own id, against its own inventory (docs/adr/0003).
 */
export function planRebuild<F extends CommonFacts, S extends StepBase>(
  platform: PlanningPlatform<F, S>,
  facts: F,
  newRun: string,
): Plan<S> {
  const { debt } = facts;
  const run = debt?.quiesced === true ? debt.run : newRun;
  const order: Order = { verb: 'rebuild', run, proves: run, restartAll: true };
  throwFirst([...platform.refusals(facts, order), ...refuseMissingStack(facts, 'rebuild')]);
  const puttingTogether = ['create', 'bind', 'start', 'prove'] as const;
  if (debt?.quiesced === true) {
    return assemblePlan(platform, facts, [{ order, phases: [...takingApart(platform, false), ...puttingTogether] }]);
  }
  const whole: Stretch = { order, phases: ['protect', 'record', ...takingApart(platform, true), ...puttingTogether] };
  if (debt === null) return assemblePlan(platform, facts, [whole]);
  // Nothing has stopped since that inventory: it is proven first, and only then may a newer one take its place.
  return assemblePlan(platform, facts, [{ order: { ...order, proves: debt.run }, phases: ['prove'] }, whole]);
}
