/** A plan of hundreds of steps is told in a few lines, and so is its run; what is destructive, or fails, is always told. */
import { expect, test } from 'vitest';
import type { RunEvent } from '../model/handler.ts';
import type { Plan, StepBase } from '../model/plan.ts';
import { createPlainReporter } from './plain-reporter.ts';
import { renderPlan } from './render-plan.ts';
import { createStyle } from './style.ts';
import { createTtyReporter } from './tty-reporter.ts';

const style = createStyle({ hasColor: false, columns: undefined });

function step(kind: string, title: string, more: object = {}): StepBase {
  return { kind, phase: 'create', class: 'safe', title, ...more };
}

function blocks(directory: string, count: number): readonly StepBase[] {
  return Array.from({ length: count }, (_, at) =>
    step('take-block', `copy block ${at + 1} of ${directory}`, { directory }),
  );
}

function planOf(steps: readonly StepBase[]): Plan {
  return { operation: 'stitch', stack: 'D', run: 'r1', continues: false, steps, findings: [], differences: [] };
}

const long = planOf([
  step('begin', 'make D'),
  ...blocks('A', 120),
  ...blocks('B', 3),
  ...blocks('C', 6),
  step('prove', 'prove'),
]);

test('steps of one kind and directory in a row are told by the first and the last', () => {
  expect(renderPlan(long, style)).toMatchInlineSnapshot(`
    [
      "Plan of stitch for D: 131 steps (run r1)",
      "    1. safe         make D",
      "    2. safe         copy block 1 of A",
      "       ... 118 more like it",
      "  121. safe         copy block 120 of A",
      "  122. safe         copy block 1 of B",
      "  123. safe         copy block 2 of B",
      "  124. safe         copy block 3 of B",
      "  125. safe         copy block 1 of C",
      "       ... 4 more like it",
      "  130. safe         copy block 6 of C",
      "  131. safe         prove",
    ]
  `);
});

test('a plan of some thirty steps is told step by step, and destructive steps always', () => {
  expect(renderPlan(planOf(blocks('A', 30)), style)).toHaveLength(31);
  expect(renderPlan(planOf(blocks('A', 31)), style)).toHaveLength(4);
  const destructive = blocks('A', 40).map((one) => ({ ...one, class: 'destructive' as const }));
  expect(renderPlan(planOf(destructive), style)).toHaveLength(41);
});

test('a run says the steps that its plan has told, one of the others now and then, and what fails', () => {
  let nowMs = 0;
  const lines: string[] = [];
  const reporter = createPlainReporter({ write: (text) => lines.push(text.trimEnd()), style, now: () => nowMs });
  reporter.plan(long);
  lines.length = 0;
  for (const event of eventsOf(long)) {
    nowMs += event.type === 'step-done' ? 100 : 0;
    reporter.event(event);
  }
  reporter.event({ ...at(long, 50), type: 'step-failed', message: 'the disk is gone' });
  expect(lines.filter((line) => line.includes(': done'))).toMatchInlineSnapshot(`
    [
      "[  1/131] make D: done (0.1 s)",
      "[  2/131] copy block 1 of A: done (0.1 s)",
      "[ 51/131] copy block 50 of A: done (0.1 s)",
      "[101/131] copy block 100 of A: done (0.1 s)",
      "[121/131] copy block 120 of A: done (0.1 s)",
      "[122/131] copy block 1 of B: done (0.1 s)",
      "[123/131] copy block 2 of B: done (0.1 s)",
      "[124/131] copy block 3 of B: done (0.1 s)",
      "[125/131] copy block 1 of C: done (0.1 s)",
      "[130/131] copy block 6 of C: done (0.1 s)",
      "[131/131] prove: done (0.1 s)",
    ]
  `);
  expect(lines.filter((line) => line.includes('sha256'))).toHaveLength(9);
  expect(lines.at(-1)).toBe('[ 51/131] copy block 50 of A: failed: the disk is gone');
});

test('on a terminal the moving line says the others', () => {
  let text = '';
  const reporter = createTtyReporter({ write: (more) => (text += more), style, now: () => 0 });
  reporter.plan(long);
  for (const event of eventsOf(long)) reporter.event(event);
  reporter.close();
  const done = text.split('\n').filter((line) => line.includes(': done'));
  expect(done).toHaveLength(9);
  expect(text.split('sha256')).toHaveLength(1 + 9);
  expect(text).toContain('[ 61/131] copy block 60 of A ...');
});

test('a short plan, and a run whose plan was not shown, are told step by step', () => {
  for (const shown of [planOf(blocks('A', 20)), undefined]) {
    const plan = shown ?? long;
    const lines: string[] = [];
    const reporter = createPlainReporter({ write: (text) => lines.push(text), style, now: () => 0 });
    if (shown !== undefined) reporter.plan(shown);
    lines.length = 0;
    for (const event of eventsOf(plan)) reporter.event(event);
    expect(lines).toHaveLength(3 * plan.steps.length);
  }
});

function at({ steps }: Plan, index: number) {
  return { step: steps[index] ?? step('none', 'none'), index, count: steps.length };
}

function eventsOf(plan: Plan): readonly RunEvent[] {
  return plan.steps.flatMap((_, index): readonly RunEvent[] => [
    { ...at(plan, index), type: 'step-started' },
    { ...at(plan, index), type: 'said', line: `sha256 ${index}` },
    { ...at(plan, index), type: 'step-done', tookMs: 100 },
  ]);
}
