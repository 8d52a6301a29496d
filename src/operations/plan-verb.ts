import type { Plan, StackVerb, StepBase } from '../model/plan.ts';
import type { CommonFacts } from '../platforms/platform.ts';
import { planAdopt } from './adopt.ts';
import type { PlanningPlatform } from './assemble-plan.ts';
import { planDown } from './down.ts';
import { planRebuild } from './rebuild.ts';
import { planTeardown } from './teardown.ts';
import { planUp } from './up.ts';

const planners = {
  up: planUp,
  down: planDown,
  teardown: planTeardown,
  rebuild: planRebuild,
  adopt: planAdopt,
} as const satisfies Record<StackVerb, unknown>;

/** The plan of a verb from fresh facts. Pure; throws the first refusal. `newRun` is used where no run is continued. */
export function planVerb<F extends CommonFacts, S extends StepBase>(
  verb: StackVerb,
  platform: PlanningPlatform<F, S>,
  facts: F,
  newRun: string,
): Plan<S> {
  return planners[verb](platform, facts, newRun);
}
