import type { RunSummary } from './run.ts';
import type { Retention } from './retention.ts';
import type { CoverageCacheUse, CoverageRange } from './tsdb-coverage.ts';
import type { TsdbFinding } from './tsdb-inventory.ts';
import type { Verb } from './plan.ts';

/**
 * Why nothing was written, as far as it can be told; a verb where a run of it stopped Prometheus. `missing-block` where the
 * gap begins and ends as blocks do; `damage` where what was written cannot be read.
 */
export type GapReason = Verb | 'prometheus-down' | 'target-down' | 'retention' | 'missing-block' | 'damage' | 'unknown';

/** From the last sample before it to the first one behind it, or to the look where none came. */
export interface CoverageGap {
  readonly fromMs: number;
  readonly toMs: number;
  /** Nothing came behind it yet, in the volume of a stack; of other directories nobody knows whether anything should. */
  readonly isOpen: boolean;
  readonly reason: GapReason;
  /** The run that is the reason. */
  readonly run: string | null;
  /** The reason in words. */
  readonly message: string;
}

export interface JobCoverage {
  readonly job: string;
  readonly samples: number;
  readonly intervalMs: number | null;
  readonly ranges: readonly CoverageRange[];
  readonly gaps: readonly CoverageGap[];
}

export interface JudgedCoverage {
  readonly samples: number;
  readonly intervalMs: number | null;
  readonly ranges: readonly CoverageRange[];
  readonly gaps: readonly CoverageGap[];
  readonly jobs: readonly JobCoverage[];
}

/** What `holdfast coverage` says of one volume. */
export interface VolumeCoverage extends JudgedCoverage {
  /** As it was named, absolute. */
  readonly path: string;
  readonly dataDirectory: string;
  /** The stack whose volume it is. */
  readonly stack: string | null;
  readonly findings: readonly TsdbFinding[];
}

export interface CoverageReport {
  readonly volumes: readonly VolumeCoverage[];
  readonly cache: CoverageCacheUse & { readonly directory: string | null };
}

/** What is known of a volume beside its bytes, where it belongs to a stack of ours. */
export interface StackOfVolume {
  readonly name: string;
  readonly createdAtMs: number;
  readonly retention: Retention;
  readonly runs: readonly RunSummary[];
}
