import type { RunEvent } from '../model/handler.ts';
import type { Plan } from '../model/plan.ts';
import { toldNumbers } from './fold-steps.ts';

/** Knows which events of a run are told, by the plan that was shown before it. */
export interface ToldMemory {
  plan(plan: Plan): void;
  /** True for what a step says that stands among many alike, but for its failure. To be asked of each event, in order. */
  isQuiet(event: RunEvent): boolean;
}

export function rememberTold(): ToldMemory {
  let shown: { readonly told: ReadonlySet<number>; readonly count: number } | undefined;
  let isQuietStep = false;
  return {
    plan({ steps }) {
      const told = toldNumbers(steps);
      shown = told && { told, count: steps.length };
    },
    isQuiet(event) {
      if ('index' in event) isQuietStep = shown?.count === event.count && !shown.told.has(event.index);
      return isQuietStep && event.type !== 'step-failed' && event.type !== 'step-progress';
    },
  };
}
