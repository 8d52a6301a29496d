import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInThread } from '../../src/tsdb/run-in-thread.ts';
import type { TsdbTask, TsdbTasks } from '../../src/tsdb/tsdb-task.ts';
import { mainFile } from '../harness/holdfast.ts';

export interface Measured<T> {
  readonly value: T;
  readonly ms: number;
  /** Of all threads: what does not grow with what else the machine is busy with. */
  readonly cpuMs: number;
}

/** A task in the built worker, as the command runs it. */
export async function runMeasured<T extends TsdbTask>(task: T): Promise<Measured<TsdbTasks[T['kind']]['answer']>> {
  const workerFile = pathToFileURL(join(dirname(mainFile()), 'tsdb-worker.js'));
  return measured(async () => runInThread(task, { workerFile, onProgress: () => undefined, signal: neverAborted }));
}

const neverAborted = new AbortController().signal;

export async function measured<T>(action: () => T | Promise<T>): Promise<Measured<T>> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const value = await action();
  const { user, system } = process.cpuUsage(before);
  return { value, ms: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
}
