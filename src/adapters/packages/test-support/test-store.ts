import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcesses } from '../../processes/linux-processes.ts';
import { createProgramStore } from '../local-program-store.ts';
import type { AcquireOptions, DownloadProgress, ProgramStore } from '../program-store.ts';
import type { ProgramStoreOptions } from '../store-context.ts';

export interface TestPlace {
  readonly directory: string;
  readonly cacheRoot: string;
  /** An own directory for PATH, with nothing else on it. */
  readonly bin: string;
  store(options?: Partial<ProgramStoreOptions>): ProgramStore;
  /** Half-made and half-removed things that are left in the cache. */
  listLeftovers(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** A directory of its own with a cache and a PATH for one test. */
export async function createTestPlace(): Promise<TestPlace> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-programs-'));
  const cacheRoot = join(directory, 'cache/holdfast/programs');
  const bin = join(directory, 'bin');
  return {
    directory,
    cacheRoot,
    bin,
    store: (options = {}) => createProgramStore({ ...storeOptions(cacheRoot, bin), ...options }),
    listLeftovers: async () => {
      const names = await readdir(cacheRoot, { recursive: true }).catch(() => []);
      return names.filter((name) => name.includes('.tmp-for-'));
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export function storeOptions(cacheRoot: string, environmentPath: string): ProgramStoreOptions {
  return {
    cacheRoot,
    environmentPath,
    architecture: process.arch,
    userId: process.getuid?.() ?? 0,
    now: Date.now,
    randomId: () => randomBytes(6).toString('hex'),
    processes: createProcesses(),
    // Nobody listens on port 1, so that no test asks the Internet.
    sites: { github: 'https://127.0.0.1:1', grafana: 'https://127.0.0.1:1' },
  };
}

export interface Asking extends Partial<AcquireOptions> {
  readonly seen?: DownloadProgress[];
}

/** The options of an `up` for a new stack, with what a test changes. */
export function asking({ seen, ...changes }: Asking = {}): AcquireOptions {
  return {
    configured: undefined,
    pin: undefined,
    programSource: null,
    upgrade: false,
    onProgress: (progress) => seen?.push(progress),
    signal: AbortSignal.timeout(60_000),
    ...changes,
  };
}
