import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import type { MemoryStep } from '../../src/platforms/memory/memory-step.ts';
import type { Tampering } from '../simulation/memory-command.ts';
import { countKillPoints, findFaults, isMeddlingNoticed, type Story } from './memory-kill-points.ts';

const long = process.env['HOLDFAST_TEST_LONG'] === '1';

const stories: readonly Story[] = [
  { name: 'first up', before: [], commands: ['up'] },
  { name: 'adopt and up', before: [], commands: ['adopt', 'up'] },
  { name: 'down and up', before: ['up'], commands: ['down', 'up'] },
  { name: 'rebuild', before: ['up', 'rebuild'], commands: ['rebuild'] },
  { name: 'rebuild of a stack that is down', before: ['up', 'down'], commands: ['rebuild'] },
  { name: 'teardown and rebuild', before: ['up'], commands: ['teardown', 'rebuild'] },
  { name: 'teardown and up', before: ['up'], commands: ['teardown', 'up'] },
];
const rebuild: Story = { name: 'rebuild', before: ['up'], commands: ['rebuild'] };

describe('killed before and after every call of the world and of the journal, then run again', () => {
  test.each(stories)('$name: once', async (story) => {
    const points = await countKillPoints(story);
    expect(points).toBeGreaterThan(20);
    expect(await faultsOf(story, singles(points))).toEqual([]);
  });

  test.each(stories)('$name: and killed again while it cleans up', async (story) => {
    const points = await countKillPoints(story);
    expect(await faultsOf(story, doubles(points, long ? 1 : 7))).toEqual([]);
  });

  const proving = stories.filter(({ commands }) => commands.some((verb) => verb === 'rebuild' || verb === 'teardown'));
  test.each(proving)(
    '$name: a sample that vanishes meanwhile is named, and once put back the same command is done',
    async (story) => {
      const points = await countKillPoints(story);
      expect(await faultsOf(story, singles(points), { meddle: true })).toEqual([]);
      const noticed = await Promise.all(singles(points).map((kills) => isMeddlingNoticed(story, kills)));
      expect(noticed).toContain(true);
    },
  );
});

describe('the harness has teeth: it fails', () => {
  test('an inventory that is taken after the start', async () => {
    const tampering = reorder((plan) => moveAfter(plan, 'take-inventory', 'start-instance'));
    expect(await faultsWhereTampered(tampering, { meddle: true })).toContainEqual(
      expect.stringContaining('the proof says that nothing is lost'),
    );
  });

  test('a runtime file that is removed before its process has stopped', async () => {
    const tampering = reorder((plan) => moveAfter(plan, 'stop-instance', 'remove-runtime'));
    expect(await faultsWhereTampered(tampering)).toContainEqual(expect.stringContaining('2 processes write to'));
  });

  test('a start before the stop', async () => {
    const tampering = reorder((plan) => moveAfter(plan, 'stop-instance', 'start-instance'));
    expect(await faultsWhereTampered(tampering)).not.toEqual([]);
  });

  test('an isDone that says "stopped" as soon as it is asked', async () => {
    const tampering: Tampering = {
      handlers: (handlers) => ({
        ...handlers,
        'stop-instance': { ...handlers['stop-instance'], isDone: async () => true },
      }),
    };
    expect(await faultsWhereTampered(tampering)).not.toEqual([]);
  });

  test('an isDone that believes the journal: what was begun once counts as done', async () => {
    const tampering: Tampering = {
      handlers: (handlers, calls) => ({
        ...handlers,
        'stop-instance': {
          ...handlers['stop-instance'],
          isDone: async (step) =>
            [...(await calls.look()).journals.values()]
              .flat()
              .some((entry) => entry.type === 'started' && entry.step.title === step.title),
        },
      }),
    };
    expect(await faultsWhereTampered(tampering)).not.toEqual([]);
  });

  test('a stop that loses what was not written', async () => {
    const tampering: Tampering = {
      handlers: (handlers, calls) => ({
        ...handlers,
        'stop-instance': { ...handlers['stop-instance'], apply: ({ pid }) => calls.kill(pid) },
      }),
    };
    const faults = await faultsWhereTampered(tampering);
    expect(faults).toContainEqual(expect.stringContaining('samples of run'));
  });

  test('a start on a volume that is not there', async () => {
    const tampering: Tampering = {
      plan: (plan) => ({ ...plan, steps: plan.steps.filter(({ kind }) => kind !== 'create-volume') }),
      handlers: (handlers, calls) => ({
        ...handlers,
        'start-instance': {
          ...handlers['start-instance'],
          apply: async ({ component, run }) => {
            const file = { token: `${component} of ${run}`, run, digest: '' };
            await calls.writeRuntime(component, file);
            await calls.spawn(component, file, 10_000);
          },
        },
      }),
    };
    const story: Story = { name: 'first up', before: [], commands: ['up'] };
    expect(await findFaults(story, { kills: [], tampering })).toContainEqual(
      expect.stringContaining('prometheus starts without its volume'),
    );
  });
});

async function faultsOf(
  story: Story,
  ordeals: readonly (readonly number[])[],
  options: { readonly meddle?: boolean; readonly tampering?: Tampering } = {},
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const kills of ordeals) faults.push(...(await findFaults(story, { kills, ...options })));
  return faults;
}

async function faultsWhereTampered(tampering: Tampering, options: { readonly meddle?: boolean } = {}) {
  return faultsOf(rebuild, [[], ...singles(await countKillPoints(rebuild))], { ...options, tampering });
}

function singles(points: number): readonly (readonly number[])[] {
  return Array.from({ length: points }, (_, point) => [point]);
}

/** Every first kill point with every `stride`th second one, each time another offset. */
function doubles(points: number, stride: number): readonly (readonly number[])[] {
  return singles(points).flatMap(([first = 0]) =>
    singles(points)
      .filter(([second = 0]) => (first + second) % stride === 0)
      .map(([second = 0]) => [first, second]),
  );
}

function reorder(change: (steps: readonly MemoryStep[]) => readonly MemoryStep[]): Tampering {
  return { plan: (plan: Plan<MemoryStep>) => ({ ...plan, steps: change(plan.steps) }) };
}

/** Puts all steps of one kind behind the last of another. */
function moveAfter(steps: readonly MemoryStep[], moved: string, after: string): readonly MemoryStep[] {
  const moving = steps.filter(({ kind }) => kind === moved);
  const rest = steps.filter(({ kind }) => kind !== moved);
  const place = rest.findLastIndex(({ kind }) => kind === after) + 1;
  return place === 0 ? steps : [...rest.slice(0, place), ...moving, ...rest.slice(place)];
}
