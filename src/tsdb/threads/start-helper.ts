import { Worker } from 'node:worker_threads';
import type { HelperTask, StartHelper } from './helper-task.ts';

/** What the thread says at its end. */
export type HelperMessage = { readonly value: unknown } | { readonly failed: HelperFailure };

export interface HelperFailure {
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an error of the file system. */
  readonly code: string | undefined;
  readonly syscall: string | undefined;
}

/** Helpers run in the same built file, which is told apart by what it is given. It ends when this thread does. */
export function helperStarter(workerFile: URL): StartHelper {
  return async (task) => runHelper(workerFile, task);
}

function runHelper<T>(workerFile: URL, helperTask: HelperTask): Promise<T> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile, { workerData: { helperTask } });
    worker.on('message', (message: HelperMessage) => {
      void worker.terminate();
      if ('value' in message) resolve(message.value as T);
      else {
        const { message: words, ...rest } = message.failed;
        reject(Object.assign(new Error(words), rest));
      }
    });
    worker.on('error', (error) => reject(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => reject(new Error('A thread ended before its work was done.')));
  });
}

export function failureOf(error: unknown): HelperFailure {
  if (!(error instanceof Error))
    return { message: String(error), stack: undefined, code: undefined, syscall: undefined };
  const { message, stack, code, syscall } = error as NodeJS.ErrnoException;
  return { message, stack, code, syscall };
}
