import { HoldfastError } from '../../errors/holdfast-error.ts';
import { memoryComponents, visibleSamples, type MemoryProof, type MemoryState } from './memory-state.ts';

/** Compares what there is with the inventory of a run. Throws `corrupt-file` where that inventory is missing. */
export function compareWithInventory(state: MemoryState, run: string): MemoryProof {
  const inventory = state.inventories.get(run);
  if (inventory === undefined) {
    throw new HoldfastError('corrupt-file', {
      message: `There is no inventory of run ${run} to prove against.`,
      remedy: 'Put the inventory back.',
    });
  }
  const condemned = state.clock - inventory.retention;
  const lost: MemoryProof['lost'][number][] = [];
  let [kept, expired] = [0, 0];
  for (const component of memoryComponents) {
    const visible = visibleSamples(state, component);
    for (const sample of inventory.samples[component]) {
      if (visible.has(sample)) kept += 1;
      else if (component === 'prometheus' && sample < condemned) expired += 1;
      else lost.push({ component, sample });
    }
  }
  return { run, completeTo: inventory.takenAt, kept, expired, lost };
}
