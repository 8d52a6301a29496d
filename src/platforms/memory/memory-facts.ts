import type { Debt, CommonFacts, PlatformReader } from '../platform.ts';
import {
  findInstance,
  memoryComponents,
  type MemoryConfig,
  type MemoryInstance,
  type MemoryState,
} from './memory-state.ts';
import type { MemoryCalls } from './memory-world.ts';

/** What the user's words ask for. */
export interface MemoryRequest {
  readonly stack: string;
  /** Null where the user says nothing: what the stack has stays. */
  readonly config: MemoryConfig | null;
  readonly acceptLoss: boolean;
  readonly adopt: { readonly component: 'prometheus' | 'pushgateway'; readonly from: string } | null;
}

export const plainRequest: MemoryRequest = { stack: 'monitoring', config: null, acceptLoss: false, adopt: null };

export interface MemoryFacts extends CommonFacts {
  readonly request: MemoryRequest;
  readonly state: MemoryState;
  readonly wanted: MemoryConfig;
  readonly instances: readonly MemoryInstance[];
}

export function memoryReader(calls: Pick<MemoryCalls, 'look'>, request: MemoryRequest): PlatformReader<MemoryFacts> {
  return { observe: async () => toFacts(await calls.look(), request) };
}

export function digestOf(config: MemoryConfig): string {
  return `port ${config.port}, retention ${config.retention}`;
}

function toFacts(state: MemoryState, request: MemoryRequest): MemoryFacts {
  const instances = memoryComponents.flatMap((component) => findInstance(state, component) ?? []);
  const wanted = request.config ?? state.stack?.config ?? { retention: 10_000, port: 30_090 };
  const before = state.stack?.config;
  return {
    request,
    state,
    wanted,
    instances,
    observedAtMs: state.clock,
    stack: request.stack,
    place: 'memory',
    exists: state.stack !== null,
    running: instances.length > 0,
    debt: findDebt(state, instances),
    findings: [],
    differences:
      before === undefined || digestOf(before) === digestOf(wanted)
        ? []
        : [{ key: 'config', from: digestOf(before), to: digestOf(wanted) }],
  };
}

/** The newest inventory that is not settled; quiesced unless every process that it saw still runs. */
function findDebt(state: MemoryState, instances: readonly MemoryInstance[]): Debt | null {
  const owed = [...state.inventories.values()].filter(({ run }) => !state.settled.has(run));
  const newest = owed.sort((a, b) => b.takenAt - a.takenAt)[0];
  if (newest === undefined) return null;
  const allRun = newest.pids.every((pid) => instances.some((instance) => instance.pid === pid));
  return { run: newest.run, verb: newest.verb, quiesced: newest.pids.length === 0 || !allRun };
}
