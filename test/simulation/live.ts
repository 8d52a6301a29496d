import { hasCode } from '../../src/errors/holdfast-error.ts';
import type { StackVerb } from '../../src/model/plan.ts';
import { plainRequest, type MemoryRequest } from '../../src/platforms/memory/memory-facts.ts';
import {
  emptyState,
  memoryComponents,
  volumePath,
  type MemoryDirectory,
} from '../../src/platforms/memory/memory-state.ts';
import { Crash, createMemoryWorld, type MemoryWorld } from '../../src/platforms/memory/memory-world.ts';
import { runMemoryCommand, type Tampering } from './memory-command.ts';
import { createRandom, type Random } from './random.ts';

export interface LifeStory {
  readonly events: readonly string[];
  readonly faults: readonly string[];
}

interface Life {
  readonly world: MemoryWorld;
  readonly random: Random;
  readonly events: string[];
  readonly faults: string[];
  readonly tampering: Tampering | undefined;
  runs: number;
  /** The volume as it was before a hand took part of it away. */
  hidden: MemoryDirectory | null;
  /** A power cut has taken what an inventory had seen: then a failed proof tells the truth. */
  powerLost: boolean;
}

/** Lives one life of some 25 events, and sets everything right at its end. */
export async function live(seed: number, tampering?: Tampering): Promise<LifeStory> {
  const random = createRandom(seed);
  const elsewhere = { identity: null, samples: new Set([999_500, 999_900]) };
  const world = createMemoryWorld({ ...emptyState, directories: new Map([['elsewhere', elsewhere]]) });
  const life: Life = { world, random, events: [], faults: [], runs: 0, hidden: null, powerLost: false, tampering };
  for (let event = 0; event < 25 && life.faults.length === 0; event += 1) {
    await liveOneEvent(life);
    check(life);
  }
  if (life.faults.length === 0) await setRight(life);
  return { events: life.events, faults: life.faults };
}

async function liveOneEvent(life: Life): Promise<void> {
  const { world, random } = life;
  switch (random.pick(['verb', 'verb', 'verb', 'crash', 'crash', 'crash', 'pass', 'power', 'hide', 'unhide'])) {
    case 'verb':
      return runVerb(life, pickVerb(random), pickRequest(random), Number.POSITIVE_INFINITY);
    case 'crash':
      return runVerb(life, pickVerb(random), pickRequest(random), random.below(120));
    case 'pass': {
      world.pass(random.below(50));
      return;
    }
    case 'power': {
      cutPower(life);
      return;
    }
    case 'hide': {
      hide(life);
      return;
    }
    case 'unhide': {
      unhide(life);
      return;
    }
  }
}

function pickVerb(random: Random): StackVerb {
  return random.pick(['up', 'up', 'down', 'teardown', 'rebuild', 'rebuild', 'adopt']);
}

function pickRequest(random: Random): MemoryRequest {
  const config = random.pick([
    null,
    null,
    { retention: 10_000, port: 30_090 },
    { retention: 20_000, port: 30_090 },
    { retention: 10_000, port: 30_091 },
    // Shorter than the history of nearly every life: it must be refused, or delete nothing.
    { retention: 600, port: 30_090 },
  ]);
  return { ...plainRequest, config, adopt: { component: 'prometheus', from: 'elsewhere' } };
}

/** Runs a verb, and kills it at the given call, if it gets that far. */
async function runVerb(life: Life, verb: StackVerb, request: MemoryRequest, killAt: number): Promise<void> {
  const { world } = life;
  let calls = 0;
  life.runs += 1;
  life.events.push(verb);
  const owedBefore = listOwed(world);
  const error = await runMemoryCommand(world, {
    verb,
    run: `r${String(life.runs).padStart(4, '0')}-${verb}`,
    request,
    ...(life.tampering === undefined ? {} : { tampering: life.tampering }),
    intercept: (call) => {
      calls += 1;
      if (calls > killAt) throw new Crash(call);
    },
  }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  judgeEnd(life, verb, error);
  if (!request.acceptLoss) judgeDebt(life, owedBefore);
}

/** The refusals and failures that a user may meet. Everything else is a fault of ours. */
function judgeEnd(life: Life, verb: StackVerb, error: unknown): void {
  if (error === undefined) return;
  if (error instanceof Crash) return void life.events.push('crash');
  if (hasCode(error, 'samples-lost')) {
    life.events.push('proof failed');
    if (life.hidden === null && !life.powerLost)
      life.faults.push(`${verb}: a proof fails though nothing was taken away`);
    return;
  }
  const known = hasCode(error, 'no-stack', 'proof-owed', 'retention-would-delete', 'not-adoptable', 'volume-refused');
  if (!known) life.faults.push(`${verb}: ${describe(error)}`);
  else life.events.push(error.code);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}

/** A baseline is never replaced before it is paid: a second one beside it is what would hide a loss. */
function judgeDebt({ world, faults }: Life, owedBefore: readonly string[]): void {
  const owed = listOwed(world);
  if (owed.length > 1) faults.push(`two inventories are owed a proof: ${owed.join(', ')}`);
  for (const run of owedBefore) {
    const isForgotten = !owed.includes(run) && (world.state.proofs.get(run)?.lost.length ?? 1) > 0;
    if (isForgotten) faults.push(`the debt of ${run} is gone without a good proof`);
  }
}

function listOwed({ state }: MemoryWorld): readonly string[] {
  return [...state.inventories.keys()].filter((run) => !state.settled.has(run));
}

function cutPower(life: Life): void {
  const { world, random, events } = life;
  const lostHead = [...world.state.processes.values()].some(({ head }) => head.size > 0);
  if (lostHead && listOwed(world).length > 0) life.powerLost = true;
  world.cutPower(random.below(30));
  events.push('power cut');
}

/** Takes a part of the volume away, as a broken disk does; only while nothing writes to it. */
function hide(life: Life): void {
  const { world, random } = life;
  const path = volumePath('prometheus');
  const found = world.state.directories.get(path);
  if (found === undefined || found.samples.size === 0 || life.hidden !== null || world.state.processes.size > 0) return;
  // Without a baseline nobody could notice it, and the next inventory would take what is left for the whole.
  if (listOwed(world).length === 0) return;
  life.hidden = found;
  const skipped = random.below(found.samples.size);
  const samples = new Set([...found.samples].filter((_, index) => index !== skipped));
  world.meddle((state) => ({ ...state, directories: new Map(state.directories).set(path, { ...found, samples }) }));
  life.events.push('hide');
}

function unhide(life: Life): void {
  const { world, hidden } = life;
  const path = volumePath('prometheus');
  const found = world.state.directories.get(path);
  if (hidden === null || found === undefined) return;
  const samples = new Set([...hidden.samples, ...found.samples]);
  world.meddle((state) => ({ ...state, directories: new Map(state.directories).set(path, { ...found, samples }) }));
  life.hidden = null;
  life.events.push('unhide');
}

function check(life: Life): void {
  const { world, faults, hidden } = life;
  // What a hand has taken away is missing until it is put back, and that is not our doing.
  if (hidden === null) faults.push(...world.oracle.findViolations(world.state));
}

/** However the life went: put back what was taken, accept what a power cut took, and one rebuild has all in order. */
async function setRight(life: Life): Promise<void> {
  const { world, faults } = life;
  unhide(life);
  const plain = { ...plainRequest, adopt: null };
  await runVerb(life, 'up', { ...plain, acceptLoss: life.powerLost }, Number.POSITIVE_INFINITY);
  await runVerb(life, 'rebuild', { ...plain, acceptLoss: false }, Number.POSITIVE_INFINITY);
  check(life);
  const owed = listOwed(world);
  if (owed.length > 0) faults.push(`at the end ${owed.join(', ')} is owed a proof`);
  for (const component of memoryComponents) {
    const running = [...world.state.processes.values()].filter((instance) => instance.component === component);
    if (running.length !== 1) faults.push(`at the end ${running.length} processes of ${component} run`);
  }
  const last = [...world.state.proofs.values()].at(-1);
  if (last === undefined || last.lost.length > 0) faults.push('at the end there is no good proof');
}
