import * as z from 'zod/mini';
import { observationSchema, stopResultSchema, type DaemonClient, type DaemonFile } from '../../contract/daemon-api.ts';
import { errorCodes, type ErrorCode } from '../../errors/codes.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { ProcessReader } from '../processes/processes.ts';
import { callSocket, type SocketCall } from './call-socket.ts';
import { findDaemon } from './find-daemon.ts';

export interface DaemonClientOptions {
  readonly dataRoot: string;
  readonly processes: ProcessReader;
  /** How long a look may take; 15 s. */
  readonly lookDeadlineMs?: number;
}

type Call = Pick<SocketCall, 'method' | 'path' | 'body' | 'timeoutMs' | 'signal'>;

/** Prometheus may take its five minutes to stop, and a start may copy a large WAL segment first. */
const orderDeadlineMs = 400_000;

/**
 * Asks the daemon of a data root. `observe` is undefined where there is none; every order then throws
 * `daemon-unreachable`, as does a daemon that does not answer. What the daemon refuses is thrown as it said it.
 */
export function createDaemonClient(options: DaemonClientOptions): DaemonClient {
  const { dataRoot, processes, lookDeadlineMs = 15_000 } = options;
  const order = async (call: Omit<Call, 'method'>) => {
    const daemon = await findDaemon(dataRoot, processes);
    if (daemon === undefined) throw noDaemon(dataRoot);
    return ask(daemon, { method: 'POST', ...call });
  };
  const orderComponent = (component: string, verb: string, run: string, signal: AbortSignal) =>
    order({
      path: `/v1/components/${encodeURIComponent(component)}/${verb}`,
      body: { run },
      timeoutMs: orderDeadlineMs,
      signal,
    });

  return {
    async observe({ fresh }, signal) {
      const daemon = await findDaemon(dataRoot, processes);
      if (daemon === undefined) return undefined;
      const path = `/v1/observation${fresh ? '?fresh=1' : ''}`;
      const body = await ask(daemon, { method: 'GET', path, timeoutMs: lookDeadlineMs, signal }).catch(
        async (error: unknown) => {
          // It may have ended between the look at its file and the question.
          if ((await findDaemon(dataRoot, processes)) === undefined) return undefined;
          throw error;
        },
      );
      return body === undefined ? undefined : parse(daemon, observationSchema, body);
    },
    async hold(component, run, signal) {
      await orderComponent(component, 'hold', run, signal);
    },
    async stop(component, run, signal) {
      const daemon = await findDaemon(dataRoot, processes);
      const body = await orderComponent(component, 'stop', run, signal);
      return parse(daemon, stopResultSchema, body);
    },
    async start(component, run, signal) {
      await orderComponent(component, 'start', run, signal);
    },
    async shutdown(how, signal) {
      await order({ path: '/v1/shutdown', body: how, timeoutMs: lookDeadlineMs, signal });
    },
  };
}

async function ask(daemon: DaemonFile, call: Call): Promise<unknown> {
  let answer;
  try {
    answer = await callSocket({ socket: daemon.socket, ...call });
  } catch (error) {
    if (call.signal.aborted) throw cancelled(error);
    throw unreachable(daemon, error instanceof Error ? error.message : String(error), error);
  }
  if (answer.status === 200) return answer.body;
  throw toError(daemon, answer.status, answer.body);
}

const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    remedy: z.string(),
    details: z.optional(z.record(z.string(), z.unknown())),
  }),
});

function toError(daemon: DaemonFile, status: number, body: unknown): HoldfastError {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return unreachable(daemon, `it answers ${status}`);
  const { code, message, remedy, details } = parsed.data.error;
  if (!(code in errorCodes)) return unreachable(daemon, `it fails with: ${message}`);
  return new HoldfastError(code as ErrorCode, { message, remedy, ...(details === undefined ? {} : { details }) });
}

function parse<T>(daemon: DaemonFile | undefined, schema: z.core.$ZodType<T>, body: unknown): T {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  throw new HoldfastError('daemon-unreachable', {
    message: `The daemon${daemon === undefined ? '' : ` (pid ${daemon.identity.pid}, version ${daemon.holdfastVersion})`} answers in a way that this Holdfast does not understand.`,
    remedy: 'Run `holdfast down` and `holdfast up` with one version of Holdfast.',
    cause: parsed.error,
  });
}

function noDaemon(dataRoot: string): HoldfastError {
  return new HoldfastError('daemon-unreachable', {
    message: `No daemon runs for ${dataRoot}.`,
    remedy: 'Run `holdfast up`, which starts it.',
  });
}

function unreachable(daemon: DaemonFile, reason: string, cause?: unknown): HoldfastError {
  const { pid } = daemon.identity;
  return new HoldfastError('daemon-unreachable', {
    message: `The daemon (pid ${pid}) runs, but does not answer on ${daemon.socket}: ${reason}. The components and their data are as they were.`,
    remedy: `If it is paused, wake it with: kill -CONT ${pid}; else end it with: kill -9 ${pid}, and run \`holdfast up\`, which takes the running components over.`,
    details: { pid, socket: daemon.socket },
    cause,
  });
}

function cancelled(cause: unknown): HoldfastError {
  return new HoldfastError('cancelled', {
    message: 'The question to the daemon was stopped.',
    remedy: 'Run the same command again to go on.',
    cause,
  });
}
