import { HoldfastError } from '../errors/holdfast-error.ts';
import type { PhaseName, Plan, StepBase } from '../model/plan.ts';
import type { CommonFacts, Order, Platform } from '../platforms/platform.ts';

/** The part of a platform that plans: pure. */
export type PlanningPlatform<F extends CommonFacts, S extends StepBase> = Pick<
  Platform<F, S>,
  'planners' | 'refusals' | 'inventoryBeforeQuiesce'
>;

/** Some phases of a verb, planned by one order. */
export interface Stretch {
  readonly order: Order;
  readonly phases: readonly PhaseName[];
}

/** Puts the steps of all phases in a row. A phase that the platform does not have is absent. */
export function assemblePlan<F extends CommonFacts, S extends StepBase>(
  platform: PlanningPlatform<F, S>,
  facts: F,
  stretches: readonly [Stretch, ...Stretch[]],
): Plan<S> {
  const { order } = stretches[stretches.length - 1] ?? stretches[0];
  const onlyStops = order.verb === 'down' || order.verb === 'teardown';
  const steps = stretches.flatMap((stretch) =>
    stretch.phases.flatMap((phase) => platform.planners[phase]?.(facts, stretch.order) ?? []),
  );
  return {
    operation: order.verb,
    stack: facts.stack,
    run: order.run,
    continues: order.run === facts.debt?.run,
    steps,
    findings: facts.findings.filter(({ rule }) => rule !== 'head-by-bytes-alone' || takesBaseline(steps)),
    // A verb that only stops things takes over no other configuration.
    differences: onlyStops ? [] : facts.differences,
  };
}

/** What a baseline does not cover concerns only a plan that takes one. */
function takesBaseline(steps: readonly StepBase[]): boolean {
  return steps.some(({ phase }) => phase === 'inventory');
}

/** Throws the first refusal; all of them stand in `details.all`, so that the user mends them at once. */
export function throwFirst(refusals: readonly HoldfastError[]): void {
  const [first] = refusals;
  if (first === undefined) return;
  throw new HoldfastError(first.code, {
    message: first.message,
    remedy: first.remedy,
    details: { ...first.details, all: refusals.map(({ code, message, remedy }) => ({ code, message, remedy })) },
    cause: first,
  });
}
