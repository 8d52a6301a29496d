import { createProcesses } from '../../src/adapters/processes/linux-processes.ts';
import type { TsdbReaders } from '../../src/observations/tsdb-inventory.ts';
import { performTask } from '../../src/tsdb/perform-task.ts';

/** The tasks themselves, in this thread. `now` is ours, so that a baseline can be complete to a moment that we know. */
export function readersAt(now: () => number): TsdbReaders {
  const processes = createProcesses();
  return {
    findWriterBelow: (directory) => processes.findWriterBelow(directory),
    now,
    run: async (task) => {
      let answer: unknown;
      await performTask(task, (message) => {
        if (message.type === 'failed') throw new Error(message.message);
        if (message.type === 'result') answer = message.value;
      });
      return answer as never;
    },
  };
}

export const readers = readersAt(Date.now);
export const look = { progress: () => undefined, signal: new AbortController().signal };
