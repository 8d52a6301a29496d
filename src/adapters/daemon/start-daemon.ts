import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonClient } from '../../contract/daemon-api.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { anySignal } from '../../model/any-signal.ts';
import { paths } from '../../model/paths.ts';
import type { Processes } from '../processes/processes.ts';

export interface StartDaemonOptions {
  readonly dataRoot: string;
  readonly processes: Processes;
  readonly client: DaemonClient;
  /** Program and arguments that run `holdfast daemon` for this data root: node, main.js, --data, ROOT, daemon. */
  readonly command: { readonly path: string; readonly arguments: readonly string[] };
  readonly environment: Readonly<Record<string, string>>;
  /** Until it answers; 30 s. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Starts the daemon detached, with its output appended to logs/daemon.log, and returns once a daemon answers: ours, or
 * one that somebody else has started at the same moment. Throws `daemon-unreachable` with what it wrote.
 */
export async function startDaemon(options: StartDaemonOptions): Promise<void> {
  const { dataRoot, processes, client, command, environment, timeoutMs = 30_000, signal } = options;
  const logFile = join(dataRoot, paths.log('daemon'));
  await mkdir(join(dataRoot, paths.logs), { recursive: true, mode: 0o700 });
  const logOffset = await sizeOf(logFile);
  const identity = await processes.spawn({ ...command, environment, workingDirectory: dataRoot, logFile });
  const deadline = anySignal([signal, AbortSignal.timeout(timeoutMs)]);
  for (;;) {
    // Asked before the answer is: a daemon that lost a race ends after the winner has begun to answer.
    const lives = await processes.isAlive(identity);
    if (await answers(client, deadline)) return;
    if (!lives) throw failed(`The daemon ended as soon as it was started.`, await readSaid(logFile, logOffset));
    signal.throwIfAborted();
    if (deadline.aborted) {
      throw failed(
        `The daemon (pid ${identity.pid}) does not answer after ${timeoutMs / 1000} s.`,
        await readSaid(logFile, logOffset),
      );
    }
    await sleep(25, undefined, { signal });
  }
}

async function answers(client: DaemonClient, signal: AbortSignal): Promise<boolean> {
  return client.observe({ fresh: false }, signal).then(
    (observation) => observation !== undefined,
    () => false,
  );
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function readSaid(logFile: string, offset: number): Promise<string> {
  const text = (await readFile(logFile).catch(() => Buffer.alloc(0))).subarray(offset).toString('utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-6).join('\n  | ');
}

function failed(message: string, said: string): HoldfastError {
  return new HoldfastError('daemon-unreachable', {
    message: `${message} The data is untouched.${said === '' ? '' : ` It said:\n  | ${said}`}`,
    remedy: 'Look at `holdfast logs daemon`, then run the same command again.',
  });
}
