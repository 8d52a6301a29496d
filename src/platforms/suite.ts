import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { hasCode } from '../errors/holdfast-error.ts';
import type { PhaseName, Plan, StackVerb } from '../model/plan.ts';

/** A platform with a world to try it in, as the suite needs them: outcomes only, no step by name. */
export interface SuiteWorld {
  /** Carries the verb out as the command would; rejects with the HoldfastError that the command would show. */
  run(verb: StackVerb): Promise<void>;
  /** Carries the verb out until a step of that phase has begun, and dies there as by SIGKILL. */
  runAndDie(verb: StackVerb, phase: PhaseName): Promise<void>;
  /** What `--plan` shows. */
  plan(verb: StackVerb): Promise<Plan>;
  /** Returns once every component that runs has taken new data in. */
  letSamplesCome(): Promise<void>;
  /** A name for each sample that can be read now: from what runs, else from what is on disk. */
  listSamples(): Promise<ReadonlySet<string>>;
  /** A name for each process of the stack that lives; another process is another name. */
  listInstances(): Promise<readonly string[]>;
  listProofs(): Promise<readonly { readonly run: string; readonly isGood: boolean }[]>;
  /** Takes a part of the data away while nothing runs, and returns what puts it back. */
  hideData(): Promise<() => Promise<void>>;
  /** Takes a whole volume away while nothing runs, and returns what puts it back. */
  hideVolume(): Promise<() => Promise<void>>;
  /** All that is stored, as one text. Only asked for while nothing runs. */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}

/** What every platform does, whatever its steps are. `makeWorld` gives a world without a stack. */
export function platformSuite(name: string, makeWorld: () => Promise<SuiteWorld>): void {
  describe(`${name} as a platform`, () => {
    let world: SuiteWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.close());

    testUp(() => world);
    testCarrying(() => world);
    testInterruptions(() => world);
    testDebt(() => world);
    testPlans(() => world);
  });
}

function testUp(world: () => SuiteWorld): void {
  test('up on nothing starts a stack that takes samples in', async () => {
    await world().run('up');
    await world().letSamplesCome();
    expect((await world().listSamples()).size).toBeGreaterThan(0);
    expect((await world().listInstances()).length).toBeGreaterThan(0);
  });

  test('a second up changes nothing and restarts nothing', async () => {
    await world().run('up');
    const before = await world().listInstances();
    await world().run('up');
    expect(await world().listInstances()).toEqual(before);
  });

  test('down stops all, up brings all back with their data, and neither needs a proof', async () => {
    await startWithSamples(world());
    const before = await world().listSamples();
    const instances = await world().listInstances();
    await world().run('down');
    expect(await world().listInstances()).toEqual([]);
    await world().run('up');
    await expectKept(world(), before);
    expect(await world().listInstances()).toHaveLength(instances.length);
    expect(await world().listProofs()).toEqual([]);
  });

  test.each(['down', 'teardown', 'rebuild'] as const)('%s where there is no stack is refused', async (verb) => {
    await expectRefusal(world().run(verb), 'no-stack');
  });
}

function testCarrying(world: () => SuiteWorld): void {
  test('teardown, then rebuild: every sample is there, and a proof says so', async () => {
    await startWithSamples(world());
    await world().run('teardown');
    expect(await world().listInstances()).toEqual([]);
    const before = await world().listSamples();
    await world().run('rebuild');
    await expectKept(world(), before);
    expect(await world().listProofs()).toEqual([{ run: expect.stringContaining('teardown'), isGood: true }]);
  });

  test('rebuild restarts every process, keeps every sample and proves it', async () => {
    await startWithSamples(world());
    const before = await world().listSamples();
    const instances = await world().listInstances();
    await world().run('rebuild');
    await expectKept(world(), before);
    const after = await world().listInstances();
    expect(after).toHaveLength(instances.length);
    expect(after.filter((instance) => instances.includes(instance))).toEqual([]);
    expect((await world().listProofs()).map(({ isGood }) => isGood)).toEqual([true]);
  });

  test('rebuild of a stack that is down takes what is stored as its baseline', async () => {
    await startWithSamples(world());
    await world().run('down');
    const before = await world().listSamples();
    await world().run('rebuild');
    await expectKept(world(), before);
    expect((await world().listProofs()).map(({ isGood }) => isGood)).toEqual([true]);
  });
}

function testInterruptions(world: () => SuiteWorld): void {
  test.each(['record', 'inventory', 'quiesce', 'remove', 'start', 'prove'] as const)(
    'rebuild that dies in phase %s is finished by the same command',
    async (phase) => {
      await startWithSamples(world());
      const before = await world().listSamples();
      const instances = await world().listInstances();
      await world().runAndDie('rebuild', phase);
      await world().run('rebuild');
      await expectKept(world(), before);
      expect(await world().listInstances()).toHaveLength(instances.length);
      expect((await world().listProofs()).every(({ isGood }) => isGood)).toBe(true);
      expect(await world().listProofs()).not.toEqual([]);
    },
  );

  test('what a rebuild had started before it died is not started again', async () => {
    await startWithSamples(world());
    await world().runAndDie('rebuild', 'prove');
    const before = await world().listInstances();
    await world().run('rebuild');
    expect(await world().listInstances()).toEqual(before);
  });

  test('up after a rebuild that died starts what is missing and writes the proof that is owed', async () => {
    await startWithSamples(world());
    const before = await world().listSamples();
    await world().runAndDie('rebuild', 'remove');
    await world().run('up');
    await expectKept(world(), before);
    expect((await world().listProofs()).map(({ isGood }) => isGood)).toEqual([true]);
  });
}

function testDebt(world: () => SuiteWorld): void {
  test('adopt waits while a proof is owed; down and teardown do not, and leave it owed', async () => {
    await startWithSamples(world());
    await world().run('teardown');
    await expectRefusal(world().run('adopt'), 'proof-owed');
    await world().run('down');
    await world().run('teardown');
    await expectRefusal(world().run('adopt'), 'proof-owed');
    await world().run('rebuild');
    expect(await world().listProofs()).toHaveLength(1);
  });

  test('data that vanished meanwhile fails the proof; once it is put back the same command proves again', async () => {
    await startWithSamples(world());
    await world().run('teardown');
    const putBack = await world().hideData();
    await expectRefusal(world().run('rebuild'), 'samples-lost');
    expect((await world().listProofs()).map(({ isGood }) => isGood)).toEqual([false]);
    await world().run('down');
    await putBack();
    await world().run('rebuild');
    expect((await world().listProofs()).map(({ isGood }) => isGood)).toEqual([true]);
  });

  test.each(['up', 'rebuild'] as const)('%s without its volume is refused, and nothing is started', async (verb) => {
    await startWithSamples(world());
    await world().run('down');
    const putBack = await world().hideVolume();
    await expectRefusal(world().run(verb), 'volume-refused');
    expect(await world().listInstances()).toEqual([]);
    await putBack();
    await world().run(verb);
    expect((await world().listInstances()).length).toBeGreaterThan(0);
  });
}

function testPlans(world: () => SuiteWorld): void {
  test('a plan writes nothing, and says which run is continued', async () => {
    const empty = await world().fingerprint();
    expect((await world().plan('up')).steps.length).toBeGreaterThan(0);
    expect(await world().fingerprint()).toBe(empty);
    await startWithSamples(world());
    await world().run('teardown');
    const stored = await world().fingerprint();
    const plan = await world().plan('rebuild');
    expect(plan.continues).toBe(true);
    expect(plan.run).toContain('teardown');
    expect(await world().fingerprint()).toBe(stored);
  });
}

async function startWithSamples(world: SuiteWorld): Promise<void> {
  await world.run('up');
  await world.letSamplesCome();
}

async function expectKept(world: SuiteWorld, before: ReadonlySet<string>): Promise<void> {
  const after = await world.listSamples();
  expect(before.size).toBeGreaterThan(0);
  expect([...before].filter((sample) => !after.has(sample))).toEqual([]);
}

async function expectRefusal(running: Promise<void>, code: Parameters<typeof hasCode>[1]): Promise<void> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code });
}
