import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { Handlers } from '../../model/handler.ts';
import type { Verb } from '../../model/plan.ts';
import { compareWithInventory } from './memory-proof.ts';
import { digestOf } from './memory-facts.ts';
import { findInstance, visibleSamples, volumePath, type MemoryComponent } from './memory-state.ts';
import type { MemoryStep } from './memory-step.ts';
import type { MemoryCalls } from './memory-world.ts';

/** How each kind of step meets the world. `verb` is what the inventory notes of its run. */
export function memoryHandlers(world: MemoryCalls, verb: () => Verb): Handlers<MemoryStep> {
  return {
    'write-stack': {
      isDone: async (step) => {
        const { stack } = await world.look();
        return stack !== null && stack.stackId === step.stackId && digestOf(stack.config) === digestOf(step.config);
      },
      apply: async ({ stackId, name, config }) => {
        const { stack } = await world.look();
        await world.writeStack({ stackId, name, config, volumes: stack?.volumes ?? [] });
      },
    },
    'create-volume': {
      isDone: (step) => isListed(world, step),
      apply: (step) => makeVolume(world, step, null),
    },
    'adopt-volume': {
      isDone: (step) => isListed(world, step),
      apply: (step) => makeVolume(world, step, step.from),
    },
    'write-record': {
      isDone: async ({ run }) => (await world.look()).records.has(run),
      apply: ({ run }) => world.writeRecord(run),
    },
    'take-inventory': {
      isDone: async ({ run }) => (await world.look()).inventories.has(run),
      apply: ({ run }) => takeInventory(world, run, verb()),
    },
    'stop-instance': {
      isDone: async ({ pid }) => !(await world.look()).processes.has(pid),
      apply: ({ pid }) => world.terminate(pid),
    },
    'remove-runtime': {
      isDone: async ({ component, token }) => (await world.look()).runtime.get(component)?.token !== token,
      apply: ({ component }) => world.removeRuntime(component),
    },
    'start-instance': {
      isDone: async ({ component, run }) => findInstance(await world.look(), component)?.run === run,
      apply: (step) => startInstance(world, step),
    },
    prove: {
      isDone: async ({ run }) => (await world.look()).settled.has(run),
      apply: ({ run }) => prove(world, run),
    },
    'accept-loss': {
      isDone: async ({ run }) => (await world.look()).settled.has(run),
      apply: ({ run }) => world.settle(run),
    },
  };
}

interface NewVolume {
  readonly component: MemoryComponent;
  readonly volumeId: string;
}

async function isListed(world: MemoryCalls, { component, volumeId }: NewVolume): Promise<boolean> {
  const { stack, directories } = await world.look();
  const isInList = stack?.volumes.some((volume) => volume.component === component && volume.id === volumeId) ?? false;
  return isInList && directories.get(volumePath(component))?.identity?.volumeId === volumeId;
}

/** Whole under a name that nobody takes for a volume, renamed, then listed. */
async function makeVolume(world: MemoryCalls, volume: NewVolume, from: string | null): Promise<void> {
  const { component, volumeId } = volume;
  const path = volumePath(component);
  const half = `${path}.tmp-for-creation`;
  const before = await world.look();
  const { stack } = before;
  if (stack === null) throw new HoldfastError('no-stack', { message: 'There is no stack.', remedy: 'Run `up`.' });
  const found = before.directories.get(path);
  if (found?.identity?.volumeId !== volumeId) {
    if (found !== undefined) throw occupied(path);
    if (before.directories.has(half)) await world.removeDirectory(half);
    await world.makeDirectory(half);
    if (from !== null) await world.copySamples(from, half);
    await world.writeIdentity(half, { volumeId, stackId: stack.stackId, component });
    await world.renameDirectory(half, path);
  }
  const others = stack.volumes.filter((listed) => listed.component !== component);
  await world.writeStack({
    ...stack,
    volumes: [...others, { component, id: volumeId, ...(from === null ? {} : { adoptedFrom: from }) }],
  });
}

function occupied(path: string): HoldfastError {
  return new HoldfastError('volume-refused', {
    message: `${path} is already there and is not a volume that is listed. It was left as it is.`,
    remedy: 'Move it away.',
  });
}

async function takeInventory(world: MemoryCalls, run: string, verb: Verb): Promise<void> {
  const state = await world.look();
  // What runs may have been started before the stack's retention was changed, and deletes by its own until it stops.
  const running = [...state.processes.values()].filter((instance) => instance.component === 'prometheus');
  await world.writeInventory({
    run,
    verb,
    takenAt: state.clock,
    retention: Math.min(state.stack?.config.retention ?? 0, ...running.map((instance) => instance.retention)),
    pids: [...state.processes.keys()],
    samples: {
      prometheus: [...visibleSamples(state, 'prometheus')],
      pushgateway: [...visibleSamples(state, 'pushgateway')],
    },
  });
}

/** The runtime file comes first, so that the process is found even where nothing comes after the spawn. */
async function startInstance(
  world: MemoryCalls,
  { component, run }: { readonly component: MemoryComponent; readonly run: string },
): Promise<void> {
  const state = await world.look();
  const listed = state.stack?.volumes.find((volume) => volume.component === component);
  const found = state.directories.get(volumePath(component))?.identity;
  if (state.stack === null || listed === undefined || found?.volumeId !== listed.id) {
    throw new HoldfastError('volume-refused', {
      message: `Volume ${component} is not the one that is listed. ${component} was not started.`,
      remedy: `Put the volume back to ${volumePath(component)}.`,
    });
  }
  if (findInstance(state, component) !== undefined) {
    throw new HoldfastError('volume-locked', {
      message: `A process writes to volume ${component}. No second one was started.`,
      remedy: 'Run the same command again.',
    });
  }
  const file = { token: `${component} of ${run}`, run, digest: digestOf(state.stack.config) };
  await world.writeRuntime(component, file);
  await world.spawn(component, file, state.stack.config.retention);
}

async function prove(world: MemoryCalls, run: string): Promise<void> {
  const state = await world.look();
  const proof = compareWithInventory(state, run);
  await world.writeProof(proof);
  if (proof.lost.length > 0) {
    throw new HoldfastError('samples-lost', {
      message: `${proof.lost.length} samples of run ${run} are missing.`,
      remedy: 'Put back what is missing, then run the same command again.',
    });
  }
  await world.settle(run);
}
