import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { Order } from '../platform.ts';
import type { MemoryFacts } from './memory-facts.ts';
import { volumePath } from './memory-state.ts';

/** Nothing is started on a volume that is not the one listed, and nothing that would delete what is kept now. */
export function memoryRefusals(facts: MemoryFacts, order: Order): readonly HoldfastError[] {
  if (order.verb === 'down' || order.verb === 'teardown') return [];
  return [...refuseVolumes(facts), ...refuseRetention(facts, order), ...refuseAdoption(facts, order)];
}

function refuseVolumes({ state }: MemoryFacts): readonly HoldfastError[] {
  return (state.stack?.volumes ?? [])
    .filter(({ component, id }) => state.directories.get(volumePath(component))?.identity?.volumeId !== id)
    .map(
      ({ component }) =>
        new HoldfastError('volume-refused', {
          message: `Volume ${component} is not the one that is listed. Nothing was started.`,
          remedy: `Put the volume back to ${volumePath(component)}.`,
        }),
    );
}

/** Ticks that a command and the first samples after it may take. */
const margin = 500;

/**
 * A shorter retention may come only where it deletes nothing, also a little later; and never under a proof that is owed,
 * since the baseline was taken under the longer one.
 */
function refuseRetention({ state, wanted, debt }: MemoryFacts, order: Order): readonly HoldfastError[] {
  const samples = [...(state.directories.get(volumePath('prometheus'))?.samples ?? [])];
  const inForce = state.stack?.config.retention;
  if (inForce === undefined || wanted.retention >= inForce || samples.length === 0) return [];
  // What runs may hold newer samples than the volume, so the clock is the newest that a sample can be.
  const newest = state.clock + margin;
  const kept = samples.filter((sample) => sample >= state.clock - inForce && sample < newest - wanted.retention);
  if (kept.length === 0 && debt === null && order.verb !== 'rebuild') return [];
  return [
    new HoldfastError('retention-would-delete', {
      message: `Prometheus would delete ${kept.length} samples that retention ${inForce} keeps. Nothing was changed.`,
      remedy: 'Ask for a longer retention.',
    }),
  ];
}

function refuseAdoption({ state, request }: MemoryFacts, order: Order): readonly HoldfastError[] {
  const { adopt } = request;
  if (order.verb !== 'adopt' || adopt === null) return [];
  const listed = state.stack?.volumes.find(({ component }) => component === adopt.component);
  // The same adoption once more has nothing left to do, which is no mistake.
  if (listed?.adoptedFrom === adopt.from) return [];
  if (listed === undefined && state.directories.has(adopt.from)) return [];
  return [
    new HoldfastError('not-adoptable', {
      message: `${adopt.from} is not there, or the stack has a volume ${adopt.component} already. Nothing was changed.`,
      remedy: 'Name a directory that holds data, and a stack that has none of it yet.',
    }),
  ];
}
