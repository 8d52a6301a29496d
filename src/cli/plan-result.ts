import type { Plan } from '../model/plan.ts';
import type { CommandResult } from './command.ts';

/** What --plan prints, and nothing else is done. */
export function planResult(plan: Plan): CommandResult {
  return {
    value: { plan },
    text: async (style) => {
      const { renderPlan } = await import('../report/render-plan.ts');
      return renderPlan(plan, style);
    },
  };
}
