import { isAbsolute, join, resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import type { CoverageReport, StackOfVolume } from '../../model/coverage.ts';
import type { CoverageCacheUse } from '../../model/tsdb-coverage.ts';
import { findDataRootsAround } from '../../observations/coverage/data-roots-around.ts';
import { observeCoverage, type CoverageVolume } from '../../observations/coverage/observe-coverage.ts';
import { findDataDirectory } from '../../observations/tsdb-inventory.ts';
import type { CommandContext, CommandInput, CommandResult, Environment } from '../command.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast coverage [DIR...]`: when Prometheus' data holds samples, where there are gaps, and why. */
export async function runCoverage(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const notes: string[] = [];
  const volumes = await findVolumes(input, context, notes);
  const cacheDirectory = cacheDirectoryOf(context.environment);
  const observed = [];
  for (const volume of volumes) {
    observed.push(
      await observeCoverage(volume, {
        openReaders: () => context.world.openTsdb(),
        cacheDirectory,
        nowMs: context.now(),
        progress: (progress) => context.reporter.progress(progress),
        signal: context.signal,
      }),
    );
  }
  const cache = { directory: cacheDirectory, ...sumOf(observed.map((one) => one.cache)) };
  const report: CoverageReport = { volumes: observed.map(({ volume }) => volume), cache };
  const isByJob = input.flags.jobs === true || report.volumes.length === 1;
  return {
    value: { ...report, notes },
    text: async (style) => {
      const { renderCoverage } = await import('../../report/render-coverage.ts');
      return renderCoverage(report, { style, isByJob, notes });
    },
  };
}

/** All are found before any is read. */
async function findVolumes(
  { arguments: named, flags }: CommandInput,
  context: CommandContext,
  notes: string[],
): Promise<readonly CoverageVolume[]> {
  const { dataRoot } = await openDataRoot(flags, context);
  const paths =
    named.length === 0
      ? [await ownVolume(dataRoot)]
      : await Promise.all(named.map((name) => followSymlinks(resolve(context.workingDirectory, name))));
  const volumes: CoverageVolume[] = [];
  for (const path of paths) {
    const dataDirectory = await findDataDirectory(path);
    volumes.push({ path, dataDirectory, stack: await findStack(dataDirectory, dataRoot, { context, notes }) });
  }
  return volumes;
}

async function ownVolume(dataRoot: string): Promise<string> {
  const { getOwnVolume } = await import('../../observations/coverage/find-stack-of.ts');
  return followSymlinks(await getOwnVolume(dataRoot));
}

const mostRuns = 1000;

/** Its journal is not needed to see a gap, only to say why. What reads stack.json is loaded where there is one. */
async function findStack(
  dataDirectory: string,
  dataRoot: string,
  { context, notes }: { readonly context: CommandContext; readonly notes: string[] },
): Promise<StackOfVolume | undefined> {
  const dataRoots = findDataRootsAround(dataDirectory, [dataRoot]);
  if (dataRoots.length === 0) return undefined;
  const { findStackOf } = await import('../../observations/coverage/find-stack-of.ts');
  const owner = await findStackOf(dataDirectory, dataRoots);
  if (owner === undefined) return undefined;
  const runs = await context.world.listRuns(owner.dataRoot, { limit: mostRuns }).catch((error: unknown) => {
    notes.push(`The journal of ${owner.dataRoot} cannot be read: ${error instanceof Error ? error.message : ''}`);
    return [];
  });
  return { ...owner.stack, runs };
}

/** In the cache home of the XDG base directory specification; null where there is no home. */
function cacheDirectoryOf({ xdgCacheHome, home }: Environment): string | null {
  // A relative path is to be ignored.
  if (xdgCacheHome !== undefined && isAbsolute(xdgCacheHome)) return join(xdgCacheHome, 'holdfast', 'coverage');
  return home !== undefined && isAbsolute(home) ? join(home, '.cache', 'holdfast', 'coverage') : null;
}

function sumOf(uses: readonly CoverageCacheUse[]): CoverageCacheUse {
  return {
    hits: uses.reduce((sum, { hits }) => sum + hits, 0),
    misses: uses.reduce((sum, { misses }) => sum + misses, 0),
    notes: [...new Set(uses.flatMap(({ notes }) => notes))],
  };
}
