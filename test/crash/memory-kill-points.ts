import { hasCode } from '../../src/errors/holdfast-error.ts';
import type { StackVerb } from '../../src/model/plan.ts';
import {
  emptyState,
  memoryComponents,
  visibleSamples,
  volumePath,
  type MemoryState,
} from '../../src/platforms/memory/memory-state.ts';
import { plainRequest } from '../../src/platforms/memory/memory-facts.ts';
import {
  Crash,
  createMemoryWorld,
  type Interceptor,
  type MemoryWorld,
} from '../../src/platforms/memory/memory-world.ts';
import { runMemoryCommand, type Tampering } from '../simulation/memory-command.ts';

export interface Story {
  readonly name: string;
  /** What has happened before, undisturbed. */
  readonly before: readonly StackVerb[];
  /** What is killed at every call, and run again to its end. */
  readonly commands: readonly StackVerb[];
}

export interface Ordeal {
  readonly tampering?: Tampering;
  /** Kill points, each counted from the crash before it: the second one hits the command that cleans up after the first. */
  readonly kills: readonly number[];
  /** Take a sample from the volume while the command lies dead, and put it back once the proof has said so. */
  readonly meddle?: boolean;
}

/** How often a story calls the world and its journals, before and after: each of these is a kill point. */
export async function countKillPoints(story: Story, tampering?: Tampering): Promise<number> {
  const { points } = await live(story, { kills: [], ...(tampering === undefined ? {} : { tampering }) });
  return points;
}

/** Lives the story with its crashes to its end, and says what is wrong then; nothing is what should come back. */
export async function findFaults(story: Story, ordeal: Ordeal): Promise<readonly string[]> {
  const { faults } = await live(story, ordeal);
  return faults.map((fault) => `${story.name}, killed at ${ordeal.kills.join(' and then ') || 'no point'}: ${fault}`);
}

/** True where a sample was taken away after this kill, and the proof has said so. */
export async function isMeddlingNoticed(story: Story, kills: readonly number[]): Promise<boolean> {
  return (await live(story, { kills, meddle: true })).noticed;
}

interface Life {
  readonly points: number;
  readonly noticed: boolean;
  readonly faults: readonly string[];
}

async function live(story: Story, ordeal: Ordeal): Promise<Life> {
  const world = await makeWorld(story.before);
  const killer = createKiller(ordeal.kills);
  const meddler = ordeal.meddle === true ? createMeddler(world) : undefined;
  const faults: string[] = [];
  const end = (more: readonly string[]): Life => ({
    points: killer.points(),
    noticed: meddler?.isNoticed() === true,
    faults: [...faults, ...more],
  });
  let runs = 0;
  for (const verb of story.commands) {
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 8) return end([`${verb} never ends`]);
      runs += 1;
      const run = `r${String(runs).padStart(3, '0')}-${verb}`;
      const error = await runMemoryCommand(world, {
        verb,
        run,
        request,
        intercept: killer.intercept,
        ...(ordeal.tampering === undefined ? {} : { tampering: ordeal.tampering }),
      }).then(() => undefined, asError);
      if (error === undefined) break;
      world.pass(3);
      if (error instanceof Crash) meddler?.meddle();
      else if (meddler?.explains(error) === true) meddler.putBack();
      else return end([`${verb} fails: ${error.message}`]);
    }
  }
  if (meddler?.isUnnoticed() === true)
    faults.push('a sample was taken meanwhile, and the proof says that nothing is lost');
  return end(judge(world, story));
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

const request = { ...plainRequest, adopt: { component: 'prometheus', from: 'elsewhere' } } as const;

/** A stack with a history that is older than what runs, and an inventory that an earlier rebuild has already paid for. */
async function makeWorld(before: readonly StackVerb[]): Promise<MemoryWorld> {
  const elsewhere = { identity: null, samples: new Set([995_000, 996_000, 999_000]) };
  const world = createMemoryWorld({ ...emptyState, directories: new Map([['elsewhere', elsewhere]]) });
  for (const [index, verb] of before.entries()) {
    await runMemoryCommand(world, { verb, run: `p${index}-${verb}` });
    world.pass(20);
  }
  return world;
}

function createKiller(kills: readonly number[]) {
  const left = [...kills];
  let [sinceCrash, total] = [0, 0];
  const intercept: Interceptor = (call, when) => {
    total += 1;
    if (sinceCrash === left[0]) {
      left.shift();
      sinceCrash = 0;
      throw new Crash(`killed ${when} "${call}"`);
    }
    sinceCrash += 1;
  };
  return { intercept, points: () => total };
}

/** A hand that takes a sample away while everything lies still, as a broken disk would. */
function createMeddler(world: MemoryWorld) {
  const path = volumePath('prometheus');
  const ranBefore = [...world.state.processes.keys()];
  const inventoriesBefore = world.state.inventories.size;
  const settledBefore = world.state.settled.size;
  let taken: number | undefined;
  let phase: 'waiting' | 'taken' | 'noticed' = 'waiting';
  const change = (edit: (samples: Set<number>) => void) =>
    world.meddle((state: MemoryState) => {
      const found = state.directories.get(path);
      if (found === undefined) return state;
      const samples = new Set(found.samples);
      edit(samples);
      return { ...state, directories: new Map(state.directories).set(path, { ...found, samples }) };
    });
  return {
    /**
     * Only once something has been stopped, or the baseline of a stack that is down was taken: from then on it must stand,
     * until the proof has been written.
     */
    meddle: () => {
      const isQuiesced =
        ranBefore.length === 0
          ? world.state.inventories.size > inventoriesBefore
          : ranBefore.some((pid) => !world.state.processes.has(pid));
      if (phase !== 'waiting' || !isQuiesced || world.state.settled.size > settledBefore) return;
      taken = [...(world.state.directories.get(path)?.samples ?? [])][0];
      if (taken === undefined) return;
      const sample = taken;
      change((samples) => samples.delete(sample));
      phase = 'taken';
    },
    explains: (error: Error) => phase === 'taken' && hasCode(error, 'samples-lost'),
    putBack: () => {
      phase = 'noticed';
      const sample = taken;
      if (sample !== undefined) change((samples) => samples.add(sample));
    },
    isNoticed: () => phase === 'noticed',
    isUnnoticed: () => phase === 'taken',
  };
}

/** What must hold at the end of every story, however often it was killed. */
function judge(world: MemoryWorld, story: Story): readonly string[] {
  const { state, oracle } = world;
  const faults = [...oracle.findViolations(state)];
  const last = story.commands.at(-1);
  for (const component of memoryComponents) {
    const running = [...state.processes.values()].filter((instance) => instance.component === component).length;
    const wanted = last === 'up' || last === 'rebuild' ? 1 : 0;
    if (running !== wanted) faults.push(`${running} processes of ${component} run, and ${wanted} should`);
  }
  for (const run of state.inventories.keys()) {
    const proof = state.proofs.get(run);
    if (last === 'teardown' || last === 'down') continue;
    if (!state.settled.has(run)) faults.push(`run ${run} still owes a proof`);
    else if (proof === undefined || proof.lost.length > 0) faults.push(`run ${run} has no good proof`);
  }
  if (story.commands.includes('rebuild') && state.inventories.size === 0) faults.push('no inventory was ever taken');
  if (story.commands.includes('adopt')) faults.push(...judgeAdoption(state));
  const halves = [...state.directories.keys()].filter((path) => path.includes('.tmp-'));
  return [...faults, ...halves.map((path) => `${path} is left half-made`)];
}

/** What was adopted is in the volume, and still where it was. */
function judgeAdoption(state: MemoryState): readonly string[] {
  const [source, visible] = [state.directories.get('elsewhere')?.samples, visibleSamples(state, 'prometheus')];
  if (source?.size !== 3) return ['the adopted directory has changed'];
  return [...source].filter((sample) => !visible.has(sample)).map((sample) => `adopted sample ${sample} is missing`);
}
