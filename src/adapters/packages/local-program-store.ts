import semver from 'semver';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { InstalledProgram, ProgramName } from '../../model/program.ts';
import { acquireFromCache } from './cache-source.ts';
import { useConfiguredProgram } from './config-source.ts';
import { acquireFromDebian } from './debian-source.ts';
import { findInstalled } from './find-installed.ts';
import { findPinned } from './find-pinned.ts';
import { openCache } from './open-cache.ts';
import { acquireFromPath, partnerDirectories } from './path-source.ts';
import type { AcquireOptions, Acquired, PassedOver, ProgramStore } from './program-store.ts';
import { programTable } from './program-table.ts';
import { purgeCache } from './purge-cache.ts';
import { acquireRelease, findReleaseVersion } from './release-source.ts';
import { SourceFailure } from './source-failure.ts';
import {
  createStoreContext,
  type ProgramRequest,
  type ProgramStoreOptions,
  type StoreContext,
} from './store-context.ts';

/**
 * Programs of this machine, of its PATH, of the official release archives, and of Debian's packages, with a cache of its
 * own (docs/adr/0007). A source that cannot give a program is passed over and named; see ProgramStore for what is thrown.
 */
export function createProgramStore(options: ProgramStoreOptions): ProgramStore {
  const context = createStoreContext(options);
  const remember = (program: InstalledProgram) => {
    context.memory.chosen.set(program.name, program);
    return program;
  };
  return {
    async find(pin, configured) {
      const found = await findPinned(context, pin, configured);
      return found === undefined ? undefined : remember(found);
    },
    findInstalled: (name, configured) => findInstalled(context, name, configured),
    async acquire(name, acquireOptions) {
      const { signal } = acquireOptions;
      try {
        signal.throwIfAborted();
        await openCache(context);
        const acquired = await search(context, name, acquireOptions);
        if (acquired.program !== undefined) remember(acquired.program);
        return acquired;
      } catch (error) {
        throw signal.aborted && !(error instanceof HoldfastError) ? cancelled(name, error) : error;
      }
    },
    purge: () => purgeCache(context),
  };
}

type Source = (context: StoreContext, request: ProgramRequest) => Promise<InstalledProgram | undefined>;

async function search(context: StoreContext, name: ProgramName, options: AcquireOptions): Promise<Acquired> {
  const { configured, pin, upgrade, programSource, onProgress, signal } = options;
  const request = { name, pin, version: pin?.version, programSource, onProgress, signal };
  const free = { ...request, pin: undefined, version: undefined };
  if (configured !== undefined) {
    const program = await useConfiguredProgram(context, configured, upgrade ? free : request);
    return { program, passedOver: [] };
  }
  const passedOver: PassedOver[] = [];
  const newer = upgrade ? await tryEach(context, free, { sources: [newest(options)], passedOver }) : undefined;
  if (newer !== undefined) return { program: newer, passedOver };
  const sources = [besidePartner, acquireFromCache, acquireFromPath, acquireRelease, acquireFromDebian];
  return { program: await tryEach(context, request, { sources, passedOver }), passedOver };
}

async function tryEach(
  context: StoreContext,
  request: ProgramRequest,
  { sources, passedOver }: { readonly sources: readonly Source[]; readonly passedOver: PassedOver[] },
): Promise<InstalledProgram | undefined> {
  for (const source of sources) {
    try {
      const program = await source(context, request);
      if (program !== undefined) return program;
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof SourceFailure)) throw error;
      const known = passedOver.some((other) => other.source === error.source && other.reason === error.message);
      if (!known) passedOver.push({ source: error.source, reason: error.message });
    }
  }
  return undefined;
}

/** promtool beside the prometheus that was chosen, before a cached one of another version. */
async function besidePartner(context: StoreContext, request: ProgramRequest): Promise<InstalledProgram | undefined> {
  const directories = await partnerDirectories(context, request.name);
  if (directories.length === 0) return undefined;
  const beside = { ...context, environmentPath: directories.join(':') };
  return acquireFromPath(beside, request).catch((error: unknown) => {
    // PATH is asked in its turn and says what it lacks.
    if (error instanceof SourceFailure) return undefined;
    throw error;
  });
}

/**
 * For an upgrade: the newest of PATH and the release site, then the Debian package; only what is newer than the pinned
 * one, and than what the cache holds where none is pinned.
 */
function newest({ pin }: AcquireOptions): Source {
  return async (context, request) => {
    const floor = pin?.version ?? (await acquireFromCache(context, request))?.version;
    const isNewer = (version: string) => floor === undefined || semver.gt(version, floor);
    const failures: SourceFailure[] = [];
    const keepFailure = (error: unknown) => {
      request.signal.throwIfAborted();
      if (!(error instanceof SourceFailure)) throw error;
      failures.push(error);
      return undefined;
    };
    const { package: packageName } = programTable[request.name];
    const onPath = await acquireFromPath(context, request).catch(keepFailure);
    const release = await findReleaseVersion(context, packageName, request).catch(keepFailure);
    const isPathBest = onPath !== undefined && (release === undefined || semver.gte(onPath.version, release));
    if (isPathBest && isNewer(onPath.version)) return onPath;
    if (release !== undefined && isNewer(release)) {
      const released = await acquireRelease(context, { ...request, version: release }).catch(keepFailure);
      if (released !== undefined) return released;
    }
    if (onPath !== undefined && isNewer(onPath.version)) return onPath;
    const debian = await acquireFromDebian(context, { ...request, newerThan: floor }).catch(keepFailure);
    if (debian !== undefined) return debian;
    const [first] = failures;
    if (first !== undefined) throw first;
    return undefined;
  };
}

function cancelled(name: ProgramName, cause: unknown): HoldfastError {
  return new HoldfastError('cancelled', {
    message: `Getting ${name} was stopped. Nothing half-made is left behind, and nothing that runs was touched.`,
    remedy: 'Run the same command again to go on.',
    cause,
  });
}
