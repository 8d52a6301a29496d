import type { StepBase } from './plan.ts';

/** What a step may tell while it works; `total` 0 means unknown. */
export interface StepProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'items';
  readonly text: string;
}

export interface StepContext {
  readonly run: string;
  readonly signal: AbortSignal;
  /** Shows progress; never needed for correctness. */
  progress(progress: StepProgress): void;
  /** A line of the story that the user should read, as `retention raised by 21d`. */
  say(line: string): void;
}

/**
 * How one kind of step meets the world. `isDone` looks at the world and never writes; `apply` may be called again
 * after a crash anywhere inside it.
 */
export interface Handler<S extends StepBase> {
  isDone(step: S, context: StepContext): Promise<boolean>;
  apply(step: S, context: StepContext): Promise<void>;
}

/** One handler for each kind: a missing one is a compile error. */
export type Handlers<S extends StepBase> = { readonly [K in S['kind']]: Handler<Extract<S, { kind: K }>> };

/** What a run tells while it is carried out. */
export type RunEvent<S extends StepBase = StepBase> =
  | { readonly type: 'step-started'; readonly step: S; readonly index: number; readonly count: number }
  | { readonly type: 'step-skipped'; readonly step: S; readonly index: number; readonly count: number }
  | {
      readonly type: 'step-done';
      readonly step: S;
      readonly index: number;
      readonly count: number;
      readonly tookMs: number;
    }
  | {
      readonly type: 'step-failed';
      readonly step: S;
      readonly index: number;
      readonly count: number;
      readonly message: string;
    }
  | { readonly type: 'step-progress'; readonly step: S; readonly progress: StepProgress }
  | { readonly type: 'said'; readonly step: S; readonly line: string };
