import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { performTask } from './perform-task.ts';
import type { HelperTask } from './threads/helper-task.ts';
import { performHelperTask } from './threads/perform-helper-task.ts';
import { failureOf, helperStarter, type HelperMessage } from './threads/start-helper.ts';
import type { TsdbTask } from './tsdb-task.ts';

/** The thread that a look into a TSDB runs in, and the one that helps it; built as a file of its own. */
const given = workerData as TsdbTask | { readonly helperTask: HelperTask };

if ('helperTask' in given) help(given.helperTask);
else {
  const isAlone = ('threads' in given && given.threads === 1) || availableParallelism() < 2;
  const startHelper = isAlone ? null : helperStarter(new URL(import.meta.url));
  void performTask(given, (message) => parentPort?.postMessage(message), startHelper);
}

function help(task: HelperTask): void {
  const tell = (message: HelperMessage): void => parentPort?.postMessage(message);
  try {
    tell({ value: performHelperTask(task) });
  } catch (error) {
    tell({ failed: failureOf(error) });
  }
}
