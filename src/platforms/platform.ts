import type { Finding } from '../model/finding.ts';
import type { Handlers } from '../model/handler.ts';
import type { Difference, PhaseName, StepBase, Verb } from '../model/plan.ts';
import type { HoldfastError } from '../errors/holdfast-error.ts';

/** An inventory that no good proof stands against yet (docs/adr/0003). */
export interface Debt {
  readonly run: string;
  readonly verb: Verb;
  /** True once something that ran when the inventory was taken has been stopped or has gone. */
  readonly quiesced: boolean;
}

/** What every platform's facts say in the same words. */
export interface CommonFacts {
  readonly observedAtMs: number;
  /** Name of the stack, as the user confirms it. */
  readonly stack: string;
  /** Where it was looked for: a data root. */
  readonly place: string;
  /** False where there is nothing yet: no stack.json, no release. */
  readonly exists: boolean;
  /** True where any component runs. */
  readonly running: boolean;
  readonly debt: Debt | null;
  readonly findings: readonly Finding[];
  readonly differences: readonly Difference[];
}

/** What a verb asks of the planners. */
export interface Order {
  readonly verb: Verb;
  /** The run that the steps belong to. */
  readonly run: string;
  /** Against which run's inventory a proof is written, or null for none. */
  readonly proves: string | null;
  /** True where components that this run has not started itself must be restarted. */
  readonly restartAll: boolean;
}

/** Pure: facts and an order in, steps out. A phase that a platform does not have is absent. */
export type PhasePlanners<F extends CommonFacts, S extends StepBase> = {
  readonly [P in PhaseName]?: (facts: F, order: Order) => readonly S[];
};

/** Looks and never writes. */
export interface PlatformReader<F extends CommonFacts> {
  observe(signal: AbortSignal): Promise<F>;
}

export interface Platform<F extends CommonFacts, S extends StepBase> {
  readonly name: string;
  /** False where the inventory is taken once everything stands still (kubernetes). Absent means before: standalone. */
  readonly inventoryBeforeQuiesce?: boolean;
  readonly reader: PlatformReader<F>;
  /** Reasons not to begin at all, judged before any step: the first is thrown, all are shown. */
  readonly refusals: (facts: F, order: Order) => readonly HoldfastError[];
  readonly planners: PhasePlanners<F, S>;
  readonly handlers: Handlers<S>;
}
