import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Processes } from '../adapters/processes/processes.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import type { StackFile } from '../model/stack-file.ts';
import type { StatusReport } from '../model/status.ts';
import type { DaemonReader } from '../contract/daemon-api.ts';
import { findBegunRepair } from '../cli/find-begun-repair.ts';
import { listRuns } from '../engine/list-runs.ts';
import { observeStatus } from '../observations/status.ts';
import { serveDaemonApi } from '../server/serve-socket.ts';
import { hasReceiver } from '../stack/alertmanager-config.ts';
import { renderFromStack } from '../launch/render-from-stack.ts';
import { runDaemon, type DaemonOptions } from '../supervisor/daemon.ts';
import { createStartGuard } from '../supervisor/start-guard.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { daemonEnvironment } from './daemon-command.ts';
import type { HostProcess } from './host-process.ts';
import { openPrograms } from './open-programs.ts';

/** The supervisor of a data root on this host, with its API on a Unix socket. */
export async function runDaemonOf(
  dataRoot: string,
  { host, processes }: { readonly host: HostProcess; readonly processes: Processes },
  signal: AbortSignal,
): Promise<void> {
  // The daemon's own log is its standard output, as systemd and `up` both catch it.
  const say = (line: string) => void host.stdout.stream.write(`${new Date().toISOString()} ${line}\n`);
  const isAlive = (identity: ProcessIdentity) => processes.isAlive(identity);
  const writer = { self: processes.self(), isAlive };
  const options: DaemonOptions = {
    dataRoot,
    processes,
    programs: openPrograms(host, processes),
    guard: createStartGuard({ dataRoot, writer, now: Date.now, say }),
    findBegunRepair: async (place) => (await findBegunRepair({ ...place, name: 'prometheus' }))?.run,
    render: renderFromStack,
    environment: daemonEnvironment(host),
    randomId: () => randomBytes(16).toString('hex'),
    holdfastVersion: host.version,
    service: serviceOf(host.environment['HOLDFAST_SERVICE']),
    readBlockRange: async (directory) => {
      const { oldestBlockMs, newestBlockMs } = await listTsdb(directory);
      return { oldestMs: oldestBlockMs, newestMs: newestBlockMs };
    },
    hasReceiver: (stack) => hasReceiverIn(stack),
    now: Date.now,
    say,
    serve: (control) =>
      serveDaemonApi(
        { daemon: control, readStatus: (lookSignal) => readStatus(dataRoot, { daemon: control, isAlive }, lookSignal) },
        {
          key: dataRoot,
          runtimeDirectory: host.environment['XDG_RUNTIME_DIR'],
          temporaryDirectory: tmpdir(),
          uid: process.getuid?.() ?? 0,
        },
      ),
  };
  await runDaemon(options, signal);
}

function readStatus(
  dataRoot: string,
  {
    daemon,
    isAlive,
  }: { readonly daemon: DaemonReader; readonly isAlive: (identity: ProcessIdentity) => Promise<boolean> },
  signal: AbortSignal,
): Promise<StatusReport> {
  const findLastRun = async () => (await listRuns(dataRoot, isAlive, { limit: 3 }))[0];
  return observeStatus({ dataRoot, daemon, findLastRun, isAlive, now: Date.now }, { fresh: false }, signal);
}

/** Set by the units that `holdfast service install` writes. */
function serviceOf(text: string | undefined): DaemonOptions['service'] {
  return text === 'user' || text === 'system' ? text : 'none';
}

const longestConfigBytes = 4 * 2 ** 20;

async function hasReceiverIn({ config }: StackFile): Promise<boolean> {
  const path = config.alertmanager.config;
  if (path === null) return false;
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(Math.min((await file.stat()).size, longestConfigBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return hasReceiver(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
}
