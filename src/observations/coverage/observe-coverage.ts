import type { StackOfVolume, VolumeCoverage } from '../../model/coverage.ts';
import type { StepProgress } from '../../model/handler.ts';
import type { CoverageCacheUse, TsdbCoverage } from '../../model/tsdb-coverage.ts';
import { judgeCoverage } from '../../rules/judge-coverage.ts';
import { coverFromCache } from '../../tsdb/coverage/cover-from-cache.ts';
import type { TsdbReaders } from '../tsdb-inventory.ts';

export interface CoverageVolume {
  /** As it was named, absolute. */
  readonly path: string;
  readonly dataDirectory: string;
  /** Undefined where it is not the volume of a stack of ours. */
  readonly stack: StackOfVolume | undefined;
}

export interface CoverageLook {
  /** Opened where the cache does not tell everything. */
  readonly openReaders: () => Promise<TsdbReaders>;
  /** Null for none. */
  readonly cacheDirectory: string | null;
  readonly nowMs: number;
  readonly progress: (progress: StepProgress) => void;
  readonly signal: AbortSignal;
}

export interface ObservedCoverage {
  readonly volume: VolumeCoverage;
  readonly cache: CoverageCacheUse;
}

/** When a volume holds samples, where there are gaps, and why. Nothing in it is written. Throws `io`. */
export async function observeCoverage(
  { path, dataDirectory, stack }: CoverageVolume,
  look: CoverageLook,
): Promise<ObservedCoverage> {
  const { cacheDirectory, nowMs } = look;
  const known =
    cacheDirectory === null ? undefined : coverFromCache({ directory: dataDirectory, cacheDirectory, nowMs });
  const coverage = known ?? (await readCoverage(dataDirectory, look));
  const judged = judgeCoverage(coverage, { stack, nowMs });
  const { findings, cache } = coverage;
  return { volume: { path, dataDirectory, stack: stack?.name ?? null, ...judged, findings }, cache };
}

async function readCoverage(directory: string, look: CoverageLook): Promise<TsdbCoverage> {
  const { openReaders, cacheDirectory, nowMs, progress, signal } = look;
  const readers = await openReaders();
  return readers.run(
    { kind: 'coverage', directory, cacheDirectory, nowMs },
    {
      signal,
      onProgress: (done, total) => progress({ done, total, unit: 'bytes', text: directory }),
    },
  );
}
