import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import { writeOneTimeLogin, type OneTimeLogin } from '../http/one-time-login.ts';
import { findFreePort } from '../processes/free-port.ts';
import type { Processes } from '../processes/processes.ts';
import { createPrometheusClient } from './prometheus-client.ts';
import type { Opening, OpeningOrder, PrometheusOpener } from './prometheus-opener-reader.ts';
import type { PrometheusReader } from './prometheus-reader.ts';

/** Ten thousand blocks on a slow share take minutes. */
const readyWithinMs = 900_000;
const mostPorts = 5;
const mark = 'HOLDFAST_OPENS';

/**
 * Starts Prometheus in a session of its own, marked in its environment by the directory that it opens: killed at whatever
 * moment, we find it again. It is ended by SIGKILL, since what it would still write is thrown away.
 */
export function createPrometheusOpener(processes: Processes): PrometheusOpener {
  return {
    open: async (order, ask, signal) => {
      const login = await writeOneTimeLogin(order.directory);
      for (let attempt = 1; ; attempt += 1) {
        const opening = await openOnce(order, ask, { processes, login, signal });
        const isTaken = opening.state === 'ended' && /address already in use/i.test(opening.log);
        if (!isTaken || attempt === mostPorts) return opening;
      }
    },
    endLeftOver: async (directory) => {
      for (const identity of await processes.findByEnvironment(mark, directory)) await processes.kill(identity);
    },
  };
}

interface Surroundings {
  readonly processes: Processes;
  readonly login: OneTimeLogin;
  readonly signal: AbortSignal;
}

async function openOnce<T>(
  order: OpeningOrder,
  ask: (prometheus: PrometheusReader) => Promise<T>,
  { processes, login, signal }: Surroundings,
): Promise<Opening<T>> {
  const { program, directory, logFile } = order;
  signal.throwIfAborted();
  const port = await findFreePort();
  const log = await readerOfLog(logFile);
  const identity = await processes.spawn({
    path: program,
    arguments: order.argumentsFor({ port, webConfigFile: login.webConfigFile }),
    environment: { [mark]: directory, PATH: '/usr/bin:/bin', HOME: directory, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    workingDirectory: directory,
    logFile,
  });
  const address = `http://127.0.0.1:${port}`;
  const prometheus = createPrometheusClient({ name: 'prometheus', address, credentials: login.credentials });
  try {
    const trouble = await awaitReady(prometheus, { identity, port, processes, login, signal });
    if (trouble !== undefined) return await troubleOf(trouble);
    const answer = await ask(prometheus);
    return { state: 'answered', answer, log: await log() };
  } catch (error) {
    if (signal.aborted || !hasCode(error, 'component-api')) throw error;
    return await troubleOf(error instanceof Error ? error.message : String(error));
  } finally {
    await processes.kill(identity);
  }

  async function troubleOf(reason: string): Promise<Opening<T>> {
    if (await processes.isAlive(identity)) return { state: 'silent', reason, log: await log() };
    return { state: 'ended', log: await log() };
  }
}

interface Started extends Surroundings {
  readonly identity: ProcessIdentity;
  readonly port: number;
}

/** Undefined once it is ready, else why it will not be. Who answers is the one that we have started. */
async function awaitReady(prometheus: PrometheusReader, started: Started): Promise<string | undefined> {
  const { identity, port, processes, signal } = started;
  const deadline = performance.now() + readyWithinMs;
  while (!((await processes.isListening(identity, port)) && (await prometheus.isReady(signal)))) {
    if (!(await processes.isAlive(identity))) return 'it has ended';
    if (performance.now() > deadline) return `it was not ready after ${readyWithinMs / 60_000} minutes`;
    await sleep(100, undefined, { signal });
  }
  return undefined;
}

const mostLogBytes = 1 << 20;

/** What comes to the file from now on, the last MiB of it. */
async function readerOfLog(path: string): Promise<() => Promise<string>> {
  const from = await sizeOf(path);
  return async () => {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(from, size - mostLogBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - start)), 0, null, start);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  };
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
