import type { HoldfastError } from '../errors/holdfast-error.ts';
import type { Plan } from '../model/plan.ts';
import type { CommandResult } from './command.ts';

/** What --plan prints, and nothing else is done. Where something is in the way of it, that is the error it ends with. */
export function planResult(plan: Plan, error?: HoldfastError): CommandResult {
  return {
    value: { plan },
    ...(error !== undefined && { error }),
    text: async (style) => {
      const { renderPlan } = await import('../report/render-plan.ts');
      return renderPlan(plan, style);
    },
  };
}
