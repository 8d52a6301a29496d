import type { Plan, StepBase, Verb } from './plan.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** One line of journal/<run>.ndjson, before its checksum is put on (docs/format/journal.md). */
export type JournalEntry =
  | {
      readonly type: 'begun';
      readonly atMs: number;
      readonly run: string;
      readonly verb: Verb;
      readonly by: ProcessIdentity;
      readonly plan: Plan;
    }
  | { readonly type: 'started'; readonly atMs: number; readonly step: StepBase }
  | { readonly type: 'done'; readonly atMs: number; readonly step: StepBase; readonly skipped: boolean }
  | { readonly type: 'failed'; readonly atMs: number; readonly step: StepBase; readonly message: string }
  | { readonly type: 'ended'; readonly atMs: number; readonly outcome: RunOutcome; readonly message?: string };

export type RunOutcome = 'done' | 'failed' | 'cancelled';

export type RunState = RunOutcome | 'running' | 'interrupted';

/** One execution, as `holdfast runs` lists it. */
export interface RunSummary {
  readonly run: string;
  readonly verb: Verb;
  readonly state: RunState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly message: string | null;
  readonly steps: readonly RunStep[];
  /** Journal lines that could not be read, each said in words. */
  readonly damage: readonly string[];
}

export interface RunStep {
  readonly title: string;
  readonly kind: string;
  readonly state: 'pending' | 'started' | 'done' | 'skipped' | 'failed';
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly message: string | null;
}
