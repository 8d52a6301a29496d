import { request } from '../adapters/http/request.ts';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { ProcessComponent } from '../model/component.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { componentTable } from './component-table.ts';
import { describeListener } from './describe-listener.ts';

export interface ProbeTarget {
  readonly component: ProcessComponent;
  readonly identity: ProcessIdentity;
  /** Null where it is not known: then only a restart makes it known again. */
  readonly address: string | null;
}

export interface ProbeOptions {
  readonly processes: ProcessReader;
  readonly credentials: () => Promise<{ readonly user: string; readonly password: string }>;
  readonly signal: AbortSignal;
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/**
 * True only where the component's own process answers as its row says. The port is looked at first, so that the
 * password is never sent to a stranger who listens there.
 */
export async function probeReadiness(target: ProbeTarget, options: ProbeOptions): Promise<Readiness> {
  if (target.address === null) return no('where it listens is not known');
  const port = Number(new URL(target.address).port);
  if (!(await options.processes.isListening(target.identity, port))) return notListening(port, options.processes);
  const row = componentTable[target.component];
  try {
    const endpoint = { name: target.component, address: target.address, credentials: await options.credentials() };
    const limits = { timeoutMs: 4_000, maxBytes: 8 * 2 ** 20, signal: options.signal };
    const answer = await request(endpoint, { path: row.readyPath, ...limits });
    if (answer.status !== 200) return no(`${row.readyPath} answers ${answer.status}${firstLine(answer.text)}`);
    if (row.readyText !== null && !row.readyText.test(answer.text))
      return no(`${row.readyPath} does not say that it is ready`);
    return { ready: true };
  } catch (error) {
    return no(`${row.readyPath} cannot be read: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof HoldfastError && typeof error.details['reason'] === 'string') return error.details['reason'];
  return error instanceof Error ? error.message : String(error);
}

async function notListening(port: number, processes: ProcessReader): Promise<Readiness> {
  const stranger = await processes.findListener(port);
  if (stranger === undefined) return no(`it does not listen on port ${port} yet`);
  return no(`port ${port} is taken by ${describeListener(stranger)}`);
}

function firstLine(body: string): string {
  const line = body.trim().split('\n')[0]?.slice(0, 120) ?? '';
  return line === '' ? '' : ` (${line})`;
}

function no(reason: string): Readiness {
  return { ready: false, reason };
}
