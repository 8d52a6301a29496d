import {
  memoryComponents,
  visibleSamples,
  volumePath,
  type MemoryComponent,
  type MemoryState,
} from './memory-state.ts';

/** Knows every sample that ever came in and that nobody was entitled to delete; it believes no proof. */
export interface Oracle {
  /** Notes what came in, what retention has let go, and what must never be. */
  see(state: MemoryState): void;
  /** The user's retention is written down: a shorter one that would delete something now entitles to nothing. */
  seeStack(state: MemoryState, retention: number): void;
  /** A process starts with this retention: one shorter than what was written down entitles to nothing. */
  seeStart(state: MemoryState, component: MemoryComponent, retention: number): void;
  /** What a power cut takes from the heads is nobody's fault. */
  forgive(state: MemoryState): void;
  /** Samples that should be there and are not, and rules that were broken; each in words. */
  findViolations(state: MemoryState): readonly string[];
}

export function createOracle(initial: MemoryState): Oracle {
  const known: Record<MemoryComponent, Set<number>> = { prometheus: new Set(), pushgateway: new Set() };
  const broken = new Set<string>();
  let accepted = 0;
  let running = 0;
  for (const component of memoryComponents) {
    for (const sample of visibleSamples(initial, component)) known[component].add(sample);
  }

  const see = (state: MemoryState) => {
    for (const { component, head } of state.processes.values()) {
      for (const sample of head) known[component].add(sample);
    }
    for (const component of memoryComponents) {
      const writers = [...state.processes.values()].filter((instance) => instance.component === component);
      if (writers.length > 1) broken.add(`${writers.length} processes write to ${volumePath(component)}`);
    }
    const runs = [...state.processes.values()].some((instance) => instance.component === 'prometheus');
    if (!runs) return;
    for (const sample of known.prometheus) {
      if (sample < state.clock - running) known.prometheus.delete(sample);
    }
  };

  return {
    see,
    seeStack: (state, retention) => {
      const wouldDelete = [...known.prometheus].some((sample) => sample < state.clock - retention);
      accepted = wouldDelete ? Math.max(accepted, retention) : retention;
    },
    seeStart: (state, component, started) => {
      if (!state.directories.has(volumePath(component))) broken.add(`${component} starts without its volume`);
      if (component === 'prometheus') running = Math.max(accepted, started);
    },
    forgive: (state) => {
      for (const { component, head } of state.processes.values()) {
        for (const sample of head) known[component].delete(sample);
      }
    },
    findViolations: (state) => [
      ...broken,
      ...memoryComponents.flatMap((component) => {
        const visible = visibleSamples(state, component);
        const lost = [...known[component]].filter((sample) => !visible.has(sample));
        return lost.length === 0 ? [] : [`${component} has lost ${lost.length} samples, as ${lost[0]}`];
      }),
    ],
  };
}
