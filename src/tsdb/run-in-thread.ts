import { Worker } from 'node:worker_threads';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { TaskRunOptions, TsdbMessage, TsdbTask, TsdbTasks } from './tsdb-task.ts';

export interface ThreadOptions extends TaskRunOptions {
  /** The built tsdb-worker.js. */
  readonly workerFile: URL;
}

/** Does a task in a thread, which an abort ends at once. Throws `io` where the directory cannot be read. */
export function runInThread<T extends TsdbTask>(
  task: T,
  { workerFile, onProgress, signal }: ThreadOptions,
): Promise<TsdbTasks[T['kind']]['answer']> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const worker = new Worker(workerFile, { workerData: task });
    const stop = (): void => {
      void worker.terminate();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    const end = (action: () => void): void => {
      signal.removeEventListener('abort', stop);
      void worker.terminate();
      action();
    };
    worker.on('message', (message: TsdbMessage) => {
      if (message.type === 'progress') onProgress(message.done, message.total);
      else if (message.type === 'result') end(() => resolve(message.value as TsdbTasks[T['kind']]['answer']));
      else end(() => reject(failed(task, message)));
    });
    worker.on('error', (error) => end(() => reject(error instanceof Error ? error : new Error(String(error)))));
  });
}

const writing: ReadonlySet<TsdbTask['kind']> = new Set(['copy-block', 'rewrite-segment', 'write-head', 'drop-losers']);
const noSpace: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

function failed(task: TsdbTask, message: Extract<TsdbMessage, { type: 'failed' }>): Error {
  if (message.errno === null) return Object.assign(new Error(message.message), { stack: message.stack ?? undefined });
  if (writing.has(task.kind)) {
    const written = task.kind === 'write-head' ? task.into : task.directory;
    return new HoldfastError(noSpace.has(message.errno) ? 'disk-full' : 'io', {
      message: `${written} could not be written: ${message.message}. What was there before is unchanged.`,
      remedy: 'Make room on that file system, or make it writable for this user, then run the same command again.',
      details: { directory: written, errno: message.errno },
    });
  }
  return new HoldfastError('io', {
    message: `${task.directory} cannot be read: ${message.message}. It was only looked at.`,
    remedy: 'Make it readable for this user, then run the same command again.',
    details: { directory: task.directory, errno: message.errno },
  });
}
