import type { ProcessReader } from '../adapters/processes/processes.ts';
import type { TsdbReaders } from '../observations/tsdb-inventory.ts';
import { runInThread } from '../tsdb/run-in-thread.ts';
import type { RunTsdbTask } from '../tsdb/tsdb-task.ts';
import type { HostProcess } from './host-process.ts';

/** Looks into TSDBs of this host, each in a thread of its own. */
export function openTsdb(host: HostProcess, processes: ProcessReader): TsdbReaders {
  return {
    findWriterBelow: (directory) => processes.findWriterBelow(directory),
    run: openTasks(host),
    now: Date.now,
  };
}

export function openTasks(host: HostProcess): RunTsdbTask {
  const workerFile = new URL('tsdb-worker.js', host.mainFile);
  return (task, options) => runInThread(task, { workerFile, ...options });
}
