import type { TsdbFinding } from './tsdb-inventory.ts';

/** What reading every byte of a Prometheus data directory found. */
export interface TsdbCheck {
  /** False where a finding is an error. */
  readonly ok: boolean;
  /** How much was read. */
  readonly bytes: number;
  readonly seconds: number;
  readonly findings: readonly TsdbFinding[];
}
