import { platformSuite, type SuiteWorld } from '../suite.ts';
import { planMemoryCommand, runMemoryCommand } from '../../../test/simulation/memory-command.ts';
import { plainRequest } from './memory-facts.ts';
import { memoryComponents, visibleSamples, volumePath, type MemoryState } from './memory-state.ts';
import { Crash, createMemoryWorld, type MemoryWorld } from './memory-world.ts';

platformSuite('memory', async () => toSuiteWorld(createMemoryWorld()));

function toSuiteWorld(world: MemoryWorld): SuiteWorld {
  let runs = 0;
  const newRun = (verb: string) => `run-${(runs += 1)}-${verb}`;
  const request = { ...plainRequest, adopt: { component: 'prometheus', from: 'elsewhere' } } as const;
  return {
    run: async (verb) => {
      await runMemoryCommand(world, { verb, run: newRun(verb), request });
    },
    runAndDie: async (verb, phase) => {
      let isDying = false;
      const dying = runMemoryCommand(world, {
        verb,
        run: newRun(verb),
        onEvent: (event) => {
          isDying ||= event.type === 'step-started' && event.step.phase === phase;
        },
        intercept: () => {
          if (isDying) throw new Crash(phase);
        },
      });
      const error: unknown = await dying.catch((reason: unknown) => reason);
      if (!(error instanceof Crash)) throw new Error(`${verb} has no phase ${phase}`, { cause: error });
    },
    plan: (verb) => planMemoryCommand(world, { verb, run: newRun(verb), request }),
    letSamplesCome: async () => world.pass(10),
    listSamples: async () =>
      new Set(
        memoryComponents.flatMap((component) =>
          [...visibleSamples(world.state, component)].map((sample) => `${component} ${sample}`),
        ),
      ),
    listInstances: async () => [...world.state.processes.keys()].map(String).sort(),
    listProofs: async () =>
      [...world.state.proofs.values()].map(({ run, lost }) => ({ run, isGood: lost.length === 0 })),
    hideData: async () => hide(world, (samples) => new Set([...samples].slice(1))),
    hideVolume: async () => hide(world, () => null),
    fingerprint: async () => JSON.stringify({ ...world.state, clock: 0 }, flatten),
    close: async () => undefined,
  };
}

/** Changes what is flushed to Prometheus' volume, or takes it away whole; returns what puts back what was there. */
async function hide(
  world: MemoryWorld,
  change: (samples: ReadonlySet<number>) => ReadonlySet<number> | null,
): Promise<() => Promise<void>> {
  const path = volumePath('prometheus');
  const found = world.state.directories.get(path);
  if (found === undefined) throw new Error(`${path} is not there`);
  const put = (samples: ReadonlySet<number> | null) =>
    world.meddle((state: MemoryState) => {
      const directories = new Map(state.directories);
      if (samples === null) directories.delete(path);
      else directories.set(path, { ...found, samples });
      return { ...state, directories };
    });
  put(change(found.samples));
  return async () => put(new Set([...found.samples, ...(world.state.directories.get(path)?.samples ?? [])]));
}

function flatten(_: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  return value instanceof Set ? [...value] : value;
}
