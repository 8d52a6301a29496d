import type { TsdbFinding } from './tsdb-inventory.ts';

/** A stretch without a gap: from its first to its last sample, both inclusive. */
export interface CoverageRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: number;
}

/** What was written of a job, or of everything, over the time. */
export interface TsdbTimes {
  /** The usual distance from one sample of a series to its next; null where no series has two. */
  readonly intervalMs: number | null;
  readonly ranges: readonly CoverageRange[];
}

export interface TsdbJobTimes extends TsdbTimes {
  /** Empty for series without the label `job`. */
  readonly job: string;
  /** Where samples of `up` say that a target of it could not be scraped; `samples` counts those. */
  readonly down: readonly CoverageRange[];
}

/** When a data directory holds samples, as far as it can be read (docs/guide/coverage.md). */
export interface TsdbCoverage {
  readonly all: TsdbTimes;
  readonly jobs: readonly TsdbJobTimes[];
  /** Those that no compaction has replaced, [fromMs, toMs). */
  readonly blocks: readonly { readonly ulid: string; readonly fromMs: number; readonly toMs: number }[];
  /** Of blocks, WAL and head chunks, which size retention counts. */
  readonly sizeBytes: number;
  readonly findings: readonly TsdbFinding[];
  readonly cache: CoverageCacheUse;
}

/** What the cache was good for; it changes nothing but the time that a look takes. */
export interface CoverageCacheUse {
  /** Blocks that were not read, and those that were. */
  readonly hits: number;
  readonly misses: number;
  /** What is wrong with the cache, in words. */
  readonly notes: readonly string[];
}
