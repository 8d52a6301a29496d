import type { StepContext } from '../../model/handler.ts';
import type { RunTsdbTask, TaskRunOptions } from '../../tsdb/tsdb-task.ts';

export interface RepairDependencies {
  readonly runTask: RunTsdbTask;
  readonly now: () => number;
}

/** A task that shows its progress as that of the step. */
export function taskOptions(context: StepContext, text: string): TaskRunOptions {
  return {
    signal: context.signal,
    onProgress: (done, total) => context.progress({ done, total, unit: 'bytes', text }),
  };
}
