import { expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { Handler, RunEvent } from '../model/handler.ts';
import type { StepBase } from '../model/plan.ts';
import type { JournalEntry } from '../model/run.ts';
import { carryOut } from './carry-out.ts';
import { by, makePlan } from './testdata/entries.ts';

interface PutStep extends StepBase {
  readonly kind: 'put';
}

/** A shelf is the world: a step is done once its title lies there. */
function makeWorld(apply?: (step: PutStep, shelf: Set<string>, controller: AbortController) => Promise<void>) {
  const shelf = new Set<string>();
  const controller = new AbortController();
  const entries: JournalEntry[] = [];
  const events: RunEvent[] = [];
  let clock = 100;
  const put: Handler<PutStep> = {
    isDone: async ({ title }) => shelf.has(title),
    apply: async (step, context) => {
      context.say(`putting ${step.title}`);
      await (apply ?? (async ({ title }) => void shelf.add(title)))(step, shelf, controller);
    },
  };
  const go = (titles: readonly string[]) => {
    const plan = makePlan(titles);
    const steps = plan.steps.map((step): PutStep => ({ ...step, kind: 'put' }));
    return carryOut(
      { ...plan, steps },
      {
        handlers: { put },
        journal: { append: async (entry) => void entries.push(entry) },
        by,
        onEvent: (event) => events.push(event),
        signal: controller.signal,
        now: () => (clock += 1),
      },
    );
  };
  return { shelf, entries, events, go, controller };
}

const told = (entries: readonly JournalEntry[]) =>
  entries.map((entry) => [entry.type, 'step' in entry ? entry.step.title : ''].join(' ').trim());

test('does what is not done, skips what is, and journals each before and after', async () => {
  const { shelf, entries, events, go } = makeWorld();
  shelf.add('b');
  const result = await go(['a', 'b']);
  expect(result.steps.map(({ title, state }) => [title, state])).toEqual([
    ['a', 'done'],
    ['b', 'skipped'],
  ]);
  expect(told(entries)).toEqual(['begun', 'started a', 'done a', 'done b', 'ended']);
  expect(entries.at(-1)).toMatchObject({ outcome: 'done' });
  expect(events.map(({ type }) => type)).toEqual(['step-started', 'said', 'step-done', 'step-skipped']);
});

test('what does not show in the world has failed, and nothing after it begins', async () => {
  const { entries, go } = makeWorld(async () => undefined);
  await expect(go(['a', 'b'])).rejects.toMatchObject({ code: 'step-failed', exitStatus: 1 });
  expect(told(entries)).toEqual(['begun', 'started a', 'failed a', 'ended']);
  expect(entries.at(-1)).toMatchObject({ outcome: 'failed' });
});

test("a step's own error is journalled and passes on as it is", async () => {
  const error = new HoldfastError('port-taken', { message: 'port 30090', remedy: 'r' });
  const { entries, go } = makeWorld(async () => Promise.reject(error));
  await expect(go(['a'])).rejects.toBe(error);
  expect(entries.at(-1)).toMatchObject({ outcome: 'failed', message: 'port 30090' });
});

test('is cancelled between steps', async () => {
  const { shelf, entries, go } = makeWorld(async ({ title }, there, controller) => {
    there.add(title);
    controller.abort();
  });
  await expect(go(['a', 'b'])).rejects.toMatchObject({ code: 'cancelled', exitStatus: 130 });
  expect([...shelf]).toEqual(['a']);
  expect(told(entries)).toEqual(['begun', 'started a', 'done a', 'ended']);
  expect(entries.at(-1)).toMatchObject({ outcome: 'cancelled' });
});

test('is cancelled inside a step that heeds the signal', async () => {
  const { entries, go } = makeWorld(async (_, __, controller) => {
    controller.abort();
    controller.signal.throwIfAborted();
  });
  await expect(go(['a'])).rejects.toMatchObject({ code: 'cancelled' });
  expect(told(entries)).toEqual(['begun', 'started a', 'failed a', 'ended']);
});

test('whoever cancels may say how', async () => {
  const reason = new HoldfastError('cancelled', { message: 'SIGTERM', remedy: 'r' });
  const { controller, go } = makeWorld();
  controller.abort(reason);
  await expect(go(['a'])).rejects.toBe(reason);
});

test('a signal that comes after the last step changes nothing', async () => {
  const { go } = makeWorld(async ({ title }, there, controller) => {
    there.add(title);
    controller.abort();
  });
  await expect(go(['a'])).resolves.toMatchObject({ steps: [{ state: 'done' }] });
});
