import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDaemonClient } from '../adapters/daemon/daemon-client.ts';
import type { Processes } from '../adapters/processes/processes.ts';
import { installService, readService, uninstallService, type ServiceReport } from '../adapters/systemd/service.ts';
import type { ServiceAction, ServiceOptions, ServiceScope } from '../cli/command.ts';
import { anySignal } from '../model/any-signal.ts';
import { daemonCommand, daemonEnvironment } from './daemon-command.ts';
import type { HostProcess } from './host-process.ts';

export interface ServiceHost extends ServiceOptions {
  readonly host: HostProcess;
  readonly processes: Processes;
}

/** Installs, removes or reads the systemd unit of a data root. */
export async function callService(
  action: ServiceAction,
  scope: ServiceScope,
  { host, processes, dataRoot, signal }: ServiceHost,
): Promise<ServiceReport> {
  const call = { install: installService, uninstall: uninstallService, status: readService }[action];
  return call({
    scope,
    dataRoot,
    command: daemonCommand(dataRoot, host),
    environment: daemonEnvironment(host),
    homeDirectory: host.environment['HOME'] ?? homedir(),
    toolEnvironment: host.environment,
    handOver: () => endDaemon(dataRoot, processes, signal),
    signal,
  });
}

/** Returns once no daemon answers any more; its components go on, and the service's daemon takes them over. */
async function endDaemon(dataRoot: string, processes: Processes, signal: AbortSignal): Promise<void> {
  const client = createDaemonClient({ dataRoot, processes });
  const observation = await client.observe({ fresh: false }, signal);
  const identity = observation?.daemon?.identity;
  if (identity === undefined) return;
  await client.shutdown({ stop: false }, signal);
  const deadline = anySignal([signal, AbortSignal.timeout(endDeadlineMs)]);
  while (await processes.isAlive(identity)) await sleep(50, undefined, { signal: deadline });
}

const endDeadlineMs = 30_000;
