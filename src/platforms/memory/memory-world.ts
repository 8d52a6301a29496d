import type { JournalEntry } from '../../model/run.ts';
import type { Journal } from '../../engine/journal.ts';
import { createOracle, type Oracle } from './memory-oracle.ts';
import {
  emptyState,
  volumePath,
  type MemoryComponent,
  type MemoryDirectory,
  type MemoryIdentity,
  type MemoryInstance,
  type MemoryInventory,
  type MemoryProof,
  type MemoryRuntimeFile,
  type MemoryStack,
  type MemoryState,
} from './memory-state.ts';

/** What kills the command: nothing that it does afterwards reaches the world. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Called before and after every call of the world and of its journals; throws a Crash to end the command there. */
export type Interceptor = (call: string, when: 'before' | 'after') => void;

/** The calls that the platform's reader and handlers have. Each is one step of the world: done or not done, never half. */
export interface MemoryCalls {
  look(): Promise<MemoryState>;
  writeStack(stack: MemoryStack): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  copySamples(from: string, to: string): Promise<void>;
  writeIdentity(path: string, identity: MemoryIdentity): Promise<void>;
  renameDirectory(from: string, to: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  writeRuntime(component: MemoryComponent, file: MemoryRuntimeFile): Promise<void>;
  removeRuntime(component: MemoryComponent): Promise<void>;
  spawn(component: MemoryComponent, file: MemoryRuntimeFile, retention: number): Promise<void>;
  /** SIGTERM and wait: the head is written. */
  terminate(pid: number): Promise<void>;
  /** SIGKILL: the head is lost. */
  kill(pid: number): Promise<void>;
  writeRecord(run: string): Promise<void>;
  writeInventory(inventory: MemoryInventory): Promise<void>;
  writeProof(proof: MemoryProof): Promise<void>;
  settle(run: string): Promise<void>;
  openJournal(run: string): Journal;
}

export interface MemoryWorld {
  /** The state, seen from outside: no call of any command. */
  readonly state: MemoryState;
  readonly oracle: Oracle;
  /** The calls of a new command. Once `intercept` throws, or another command is there, they do nothing but throw. */
  begin(intercept: Interceptor): MemoryCalls;
  /** Time goes by: what runs takes samples in. */
  pass(ticks: number): void;
  /** All processes die at once with what they had not written. */
  cutPower(ticks: number): void;
  /** Changes the world behind everybody's back, as a broken disk or a user's hand does. */
  meddle(change: (state: MemoryState) => MemoryState): void;
}

export function createMemoryWorld(initial: MemoryState = emptyState): MemoryWorld {
  let state = initial;
  let command = 0;
  let nextPid = 100;
  const oracle = createOracle(initial);

  const pass = (ticks: number) => {
    for (let tick = 0; tick < ticks; tick += 1) {
      state = ingest({ ...state, clock: state.clock + 1 });
      oracle.see(state);
    }
  };

  /** One call: a crash before it leaves the world as it was, a crash after it loses only the answer. */
  const begin = (intercept: Interceptor): MemoryCalls => {
    command += 1;
    const own = command;
    const reach = (name: string, when: 'before' | 'after') => {
      if (own !== command) throw new Crash(`${name} by a command that is dead`);
      try {
        intercept(name, when);
      } catch (error) {
        command += 1;
        throw error;
      }
    };
    const change = async (name: string, next: (now: MemoryState) => MemoryState) => {
      reach(name, 'before');
      pass(1);
      state = next(state);
      oracle.see(state);
      reach(name, 'after');
    };
    const look = async () => {
      await change('look', (now) => now);
      return state;
    };
    const spawn: MemoryCalls['spawn'] = (component, file, retention) =>
      change(`spawn ${component}`, (now) => {
        nextPid += 1;
        oracle.seeStart(now, component, retention);
        return start(now, { ...file, pid: nextPid, component, retention, head: new Set() });
      });
    const writeStack: MemoryCalls['writeStack'] = (stack) =>
      change('write stack', (now) => {
        oracle.seeStack(now, stack.config.retention);
        return { ...now, stack };
      });
    return { ...changingCalls(change), look, spawn, writeStack };
  };

  return {
    get state() {
      return state;
    },
    oracle,
    begin,
    pass,
    cutPower: (ticks) => {
      oracle.forgive(state);
      state = { ...state, processes: new Map(), clock: state.clock + ticks };
    },
    meddle: (next) => {
      state = next(state);
    },
  };
}

type Change = (name: string, next: (now: MemoryState) => MemoryState) => Promise<void>;

function changingCalls(change: Change): Omit<MemoryCalls, 'look' | 'spawn' | 'writeStack'> {
  return {
    makeDirectory: (path) =>
      change(`make ${path}`, (now) => withDirectory(now, path, { identity: null, samples: new Set() })),
    copySamples: (from, to) =>
      change(`copy ${from}`, (now) =>
        withDirectory(now, to, { ...existing(now, to), samples: existing(now, from).samples }),
      ),
    writeIdentity: (path, identity) =>
      change(`identify ${path}`, (now) => withDirectory(now, path, { ...existing(now, path), identity })),
    renameDirectory: (from, to) => change(`rename ${from}`, (now) => renamed(now, from, to)),
    removeDirectory: (path) =>
      change(`remove ${path}`, (now) => ({ ...now, directories: without(now.directories, path) })),
    writeRuntime: (component, file) =>
      change(`write run/${component}`, (now) => ({ ...now, runtime: new Map(now.runtime).set(component, file) })),
    removeRuntime: (component) =>
      change(`remove run/${component}`, (now) => ({ ...now, runtime: without(now.runtime, component) })),
    terminate: (pid) => change(`terminate ${pid}`, (now) => end(now, pid, 'flush')),
    kill: (pid) => change(`kill ${pid}`, (now) => end(now, pid, 'lose')),
    writeRecord: (run) => change('write record', (now) => ({ ...now, records: new Set(now.records).add(run) })),
    writeInventory: (inventory) =>
      change('write inventory', (now) => ({
        ...now,
        inventories: new Map(now.inventories).set(inventory.run, inventory),
      })),
    writeProof: (proof) =>
      change('write proof', (now) => ({ ...now, proofs: new Map(now.proofs).set(proof.run, proof) })),
    settle: (run) => change('settle', (now) => ({ ...now, settled: new Set(now.settled).add(run) })),
    openJournal: (run) => ({
      append: (entry) => change(`journal ${entry.type}`, (now) => withEntry(now, run, entry)),
      close: async () => undefined,
    }),
  };
}

/** What runs takes one sample in, and deletes what its own retention has condemned. */
function ingest(state: MemoryState): MemoryState {
  const processes = new Map(state.processes);
  for (const [pid, instance] of state.processes) {
    processes.set(pid, { ...instance, head: new Set(instance.head).add(state.clock) });
  }
  const prometheus = [...processes.values()].filter((instance) => instance.component === 'prometheus');
  return prometheus.reduce<MemoryState>((next, instance) => deleteOld(next, state.clock - instance.retention), {
    ...state,
    processes,
  });
}

/** A program that starts where its directory is missing makes an empty one: the stack looks well and the history is gone. */
function start(state: MemoryState, instance: MemoryInstance): MemoryState {
  const path = volumePath(instance.component);
  const there = state.directories.get(path) ?? { identity: null, samples: new Set<number>() };
  const started = {
    ...withDirectory(state, path, there),
    processes: new Map(state.processes).set(instance.pid, instance),
  };
  if (instance.component !== 'prometheus') return started;
  return deleteOld(started, newest(there.samples) - instance.retention);
}

function deleteOld(state: MemoryState, before: number): MemoryState {
  const path = volumePath('prometheus');
  const found = state.directories.get(path);
  if (found === undefined || ![...found.samples].some((sample) => sample < before)) return state;
  return withDirectory(state, path, {
    ...found,
    samples: new Set([...found.samples].filter((sample) => sample >= before)),
  });
}

function end(state: MemoryState, pid: number, head: 'flush' | 'lose'): MemoryState {
  const instance = state.processes.get(pid);
  if (instance === undefined) return state;
  const processes = without(state.processes, pid);
  const path = volumePath(instance.component);
  const found = state.directories.get(path);
  // What was removed under a process is gone, whatever the process still writes.
  if (head === 'lose' || found === undefined) return { ...state, processes };
  return {
    ...withDirectory(state, path, { ...found, samples: new Set([...found.samples, ...instance.head]) }),
    processes,
  };
}

function withEntry(state: MemoryState, run: string, entry: JournalEntry): MemoryState {
  return { ...state, journals: new Map(state.journals).set(run, [...(state.journals.get(run) ?? []), entry]) };
}

function withDirectory(state: MemoryState, path: string, found: MemoryDirectory): MemoryState {
  return { ...state, directories: new Map(state.directories).set(path, found) };
}

function renamed(state: MemoryState, from: string, to: string): MemoryState {
  if (state.directories.has(to)) throw new Error(`${to} is there`);
  const after = withDirectory(state, to, existing(state, from));
  return { ...after, directories: without(after.directories, from) };
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

function existing(state: MemoryState, path: string): MemoryDirectory {
  const found = state.directories.get(path);
  if (found === undefined) throw new Error(`${path} is not there`);
  return found;
}

function newest(samples: ReadonlySet<number>): number {
  return [...samples].reduce((max, sample) => Math.max(max, sample), Number.NEGATIVE_INFINITY);
}
