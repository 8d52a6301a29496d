import type { Plan } from '../model/plan.ts';
import { foldSteps } from './fold-steps.ts';
import { renderFindings } from './render-findings.ts';
import { printable, type Style } from './style.ts';
import { plural } from './time.ts';

/** The plan as it is printed, asked about and carried out: differences, findings, and the steps with their class. */
export function renderPlan(plan: Plan, style: Style): readonly string[] {
  return [
    style.bold(headline(plan)),
    ...plan.differences.map(({ key, from, to }) => `  ${key}: ${printable(from)} -> ${printable(to)}`),
    ...renderFindings(plan.findings, style).map((line) => `  ${line}`),
    ...foldSteps(plan.steps).map((told) => {
      if (told.type === 'folded')
        return `  ${' '.repeat(String(plan.steps.length).length)}  ... ${told.count} more like it`;
      const { step, index } = told;
      const number = String(index + 1).padStart(String(plan.steps.length).length);
      const word = step.class.padEnd('destructive'.length);
      const paint = step.class === 'destructive' ? style.red : step.class === 'disruptive' ? style.yellow : style.dim;
      return `  ${number}. ${paint(word)}  ${printable(step.title)}`;
    }),
  ];
}

function headline(plan: Plan): string {
  const { operation, run, continues, steps } = plan;
  const isOfDirectory = operation === 'repair' || operation === 'stitch' || operation === 'discard';
  const name = printable(plan.stack);
  const of = isOfDirectory ? name : `stack ${name}`;
  if (isBlocked(plan)) return `Plan of ${operation} for ${of}: blocked, nothing is done.`;
  if (steps.length === 0) return `Plan of ${operation} for ${of}: nothing to do.`;
  const which = continues ? `continues run ${run}` : `run ${run}`;
  return `Plan of ${operation} for ${of}: ${plural(steps.length, 'step')} (${which})`;
}

function isBlocked({ steps, findings }: Plan): boolean {
  return steps.length === 0 && findings.some(({ rule }) => rule === 'in-the-way');
}
