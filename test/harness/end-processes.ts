import { findProcessesNaming, isAlive } from './find-processes.ts';
import { waitFor } from './wait-for.ts';

/**
 * SIGKILL for every process that names `path`, a directory of one test alone, each by its pid, until none is left: a
 * supervisor may start one while others end, so it is looked for again.
 */
export async function endProcessesOf(path: string): Promise<void> {
  await waitFor(
    `processes of ${path} end`,
    async () => {
      const found = await findProcessesNaming(path);
      for (const { pid } of found) sendSignal(pid, 'SIGKILL');
      return found.length === 0;
    },
    { timeoutMs: 20_000 },
  );
}

/** A process that has gone meanwhile is no error; 0 and less would mean whole process groups, as our own. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  if (!(pid > 1)) throw new Error(`${pid} is the pid of no process that a test may signal.`);
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export async function waitUntilGone(pid: number, timeoutMs = 20_000): Promise<void> {
  await waitFor(`process ${pid} ends`, async () => !(await isAlive(pid)), { timeoutMs });
}
