import { join } from 'node:path';
import { expect } from 'vitest';
import { findRepairProof } from '../../src/data-root/quarantine-files.ts';
import type { StepContext } from '../../src/model/handler.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { RepairProof, RepairStep } from '../../src/model/repair-step.ts';
import { planRepair } from '../../src/operations/repair.ts';
import { createRepairHandlers } from '../../src/steps/repair/repair-handlers.ts';
import { performTask } from '../../src/tsdb/perform-task.ts';
import { surveyTsdb } from '../../src/tsdb/repair/survey.ts';
import type { RunTsdbTask } from '../../src/tsdb/tsdb-task.ts';

/** A plan from what is there now. */
export function planFor(directory: string, run = 'run-1'): Plan<RepairStep> {
  const survey = surveyTsdb(directory, () => undefined);
  const quarantine = `${directory}-quarantine`;
  return planRepair(survey, { directory, quarantine, run, name: 'data', nowMs: Date.now() });
}

/** Carries out a plan without a journal, in this process. What is done is skipped. */
export async function carryOutRepair(plan: Plan<RepairStep>): Promise<readonly string[]> {
  const handlers = createRepairHandlers({ runTask, now: Date.now });
  const done: string[] = [];
  for (const step of plan.steps) {
    const handler = handlers[step.kind] as unknown as (typeof handlers)['move-aside'];
    const same = step as unknown as Extract<RepairStep, { kind: 'move-aside' }>;
    if (await handler.isDone(same, contextOf(plan))) continue;
    await handler.apply(same, contextOf(plan));
    expect(await handler.isDone(same, contextOf(plan))).toBe(true);
    done.push(step.kind);
  }
  return done;
}

/** Every step of the plan is to be done, and each is done when it has been applied. */
export async function repairDirectory(directory: string, run = 'run-1'): Promise<RepairProof | undefined> {
  const plan = planFor(directory, run);
  const done = await carryOutRepair(plan);
  expect(done.length).toBe(plan.steps.length);
  return findRepairProof(join(`${directory}-quarantine`, plan.run, 'proof.json'));
}

function contextOf({ run }: Plan): StepContext {
  return { run, signal: new AbortController().signal, progress: () => undefined, say: () => undefined };
}

/** In this thread. */
const runTask: RunTsdbTask = async (task) => {
  let value: unknown;
  await performTask(task, (message) => {
    if (message.type === 'failed') throw new Error(message.stack ?? message.message);
    if (message.type === 'result') ({ value } = message);
  });
  return value as never;
};
