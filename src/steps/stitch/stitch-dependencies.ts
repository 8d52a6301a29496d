import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundProgram } from '../../adapters/packages/program-store.ts';
import type { PrometheusOpener } from '../../adapters/prometheus/prometheus-opener-reader.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { fingerprintTree } from '../../files/tree-fingerprint.ts';
import type { StepContext } from '../../model/handler.ts';
import type { StitchPlace, StitchSource } from '../../model/stitch-step.ts';
import type { RunTsdbTask, TaskRunOptions } from '../../tsdb/tsdb-task.ts';

export interface StitchDependencies {
  readonly runTask: RunTsdbTask;
  readonly opener: PrometheusOpener;
  /** The one that opens the result. It is never taken from a journal: others may write to that. */
  readonly prometheus: FoundProgram;
  readonly now: () => number;
}

/** Where a Prometheus looks at what was made. */
export function viewOf({ half }: StitchPlace): string {
  return join(half, `opened${halfMadeSuffix}`);
}

/** A task that shows its progress as that of the step. */
export function taskOptions(context: StepContext, text: string): TaskRunOptions {
  return {
    signal: context.signal,
    onProgress: (done, total) => context.progress({ done, total, unit: 'bytes', text }),
  };
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** True for a block that is made, whether or not it has been given away already. */
export async function isMade({ half, into }: StitchPlace, block: string): Promise<boolean> {
  return (await exists(join(half, block))) || (await exists(join(into, block)));
}

/** Throws `not-stitchable` where somebody has written to a source since the plan was made. */
export async function requireUnchanged({ directory, fingerprint }: StitchSource): Promise<void> {
  const now = await withFsErrors(directory, 'read', () => fingerprintTree(directory));
  if (now === fingerprint) return;
  throw new HoldfastError('not-stitchable', {
    message: `${directory} has changed since the plan was made: something writes to it. What was made of it is not used.`,
    remedy:
      'Stop what writes there, remove the unfinished directory and what stands beside it under its name with -stitch, then run the same command again.',
    details: { directory },
  });
}
