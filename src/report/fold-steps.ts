import type { StepBase } from '../model/plan.ts';

/** A plan up to this long is told step by step. */
const longestTold = 30;
/** So many steps of one kind in a row are told each. */
const mostAlike = 5;

/** What is told of a plan: a step, or how many of them stand between the two around it. */
export type ToldStep =
  | { readonly type: 'step'; readonly step: StepBase; readonly index: number }
  | { readonly type: 'folded'; readonly count: number };

/**
 * The steps of a plan as people read them. Of a long plan, of steps in a row that are of one kind, class and directory the
 * first and the last are told, and those between them are counted. A destructive step is told wherever it stands.
 */
export function foldSteps(steps: readonly StepBase[]): readonly ToldStep[] {
  const told = steps.map((step, index): ToldStep => ({ type: 'step', step, index }));
  if (steps.length <= longestTold) return told;
  const folded: ToldStep[] = [];
  for (let from = 0, to = 0; from < steps.length; from = to) {
    to = endOfRow(steps, from);
    if (to - from <= mostAlike) folded.push(...told.slice(from, to));
    else
      folded.push(...told.slice(from, from + 1), { type: 'folded', count: to - from - 2 }, ...told.slice(to - 1, to));
  }
  return folded;
}

/** The numbers of the steps that are told; undefined where that is every one. */
export function toldNumbers(steps: readonly StepBase[]): ReadonlySet<number> | undefined {
  const folded = foldSteps(steps);
  if (folded.length === steps.length) return undefined;
  return new Set(folded.flatMap((told) => (told.type === 'step' ? [told.index] : [])));
}

/** Behind the last step in a row that is like this one. */
function endOfRow(steps: readonly StepBase[], from: number): number {
  const first = likenessOf(steps[from]);
  const end = steps.findIndex((step, index) => index > from && likenessOf(step) !== first);
  if (steps[from]?.class === 'destructive') return from + 1;
  return end === -1 ? steps.length : end;
}

function likenessOf(step: (StepBase & { readonly directory?: unknown }) | undefined): string {
  return JSON.stringify([step?.kind, step?.class, step?.directory]);
}
