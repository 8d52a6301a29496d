import type { JournalEntry } from '../../model/run.ts';
import type { Verb } from '../../model/plan.ts';

/** Prometheus deletes by retention; Pushgateway keeps what was pushed until it is told otherwise. */
export const memoryComponents = ['prometheus', 'pushgateway'] as const;
export type MemoryComponent = (typeof memoryComponents)[number];

export interface MemoryConfig {
  /** In ticks of the world's clock. */
  readonly retention: number;
  readonly port: number;
}

export interface MemoryStack {
  readonly stackId: string;
  readonly name: string;
  readonly config: MemoryConfig;
  readonly volumes: readonly {
    readonly component: MemoryComponent;
    readonly id: string;
    readonly adoptedFrom?: string;
  }[];
}

export interface MemoryIdentity {
  readonly volumeId: string;
  readonly stackId: string;
  readonly component: MemoryComponent;
}

/** A directory with what a program has flushed to it. A sample is the tick at which it came in. */
export interface MemoryDirectory {
  readonly identity: MemoryIdentity | null;
  readonly samples: ReadonlySet<number>;
}

/** run/<component>.json: written before the spawn, so that a process that was spawned just before a crash is found. */
export interface MemoryRuntimeFile {
  readonly token: string;
  readonly run: string;
  readonly digest: string;
}

export interface MemoryInstance {
  readonly pid: number;
  readonly component: MemoryComponent;
  /** In its environment; the only way from a runtime file to its process. */
  readonly token: string;
  readonly run: string;
  readonly digest: string;
  readonly retention: number;
  /** What is not on disk yet: a graceful stop writes it, SIGKILL loses it. */
  readonly head: ReadonlySet<number>;
}

export interface MemoryInventory {
  readonly run: string;
  readonly verb: Verb;
  readonly takenAt: number;
  readonly retention: number;
  /** The processes that ran. */
  readonly pids: readonly number[];
  readonly samples: Readonly<Record<MemoryComponent, readonly number[]>>;
}

export interface MemoryProof {
  readonly run: string;
  readonly completeTo: number;
  readonly kept: number;
  readonly expired: number;
  readonly lost: readonly { readonly component: MemoryComponent; readonly sample: number }[];
}

/** All that there is: what outlives a crash of the command, and what outlives a power cut (everything but processes). */
export interface MemoryState {
  readonly clock: number;
  readonly stack: MemoryStack | null;
  readonly directories: ReadonlyMap<string, MemoryDirectory>;
  readonly runtime: ReadonlyMap<MemoryComponent, MemoryRuntimeFile>;
  readonly processes: ReadonlyMap<number, MemoryInstance>;
  readonly records: ReadonlySet<string>;
  readonly inventories: ReadonlyMap<string, MemoryInventory>;
  readonly proofs: ReadonlyMap<string, MemoryProof>;
  /** Runs whose debt is closed, by a good proof or by the user's word. */
  readonly settled: ReadonlySet<string>;
  readonly journals: ReadonlyMap<string, readonly JournalEntry[]>;
}

export const emptyState: MemoryState = {
  clock: 1_000_000,
  stack: null,
  directories: new Map(),
  runtime: new Map(),
  processes: new Map(),
  records: new Set(),
  inventories: new Map(),
  proofs: new Map(),
  settled: new Set(),
  journals: new Map(),
};

export function volumePath(component: MemoryComponent): string {
  return `volumes/${component}`;
}

/** What a component's API or its directory shows: what is flushed, and the heads of what writes there. */
export function visibleSamples(state: MemoryState, component: MemoryComponent): ReadonlySet<number> {
  const flushed = state.directories.get(volumePath(component))?.samples ?? [];
  const heads = [...state.processes.values()].filter((instance) => instance.component === component);
  return new Set([...flushed, ...heads.flatMap((instance) => [...instance.head])]);
}

/** The process that a component's runtime file leads to, if it lives. */
export function findInstance(state: MemoryState, component: MemoryComponent): MemoryInstance | undefined {
  const file = state.runtime.get(component);
  if (file === undefined) return undefined;
  return [...state.processes.values()].find((instance) => instance.token === file.token);
}
