import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { runChecker } from '../adapters/checkers/config-checker.ts';
import { createDaemonClient } from '../adapters/daemon/daemon-client.ts';
import { startDaemon } from '../adapters/daemon/start-daemon.ts';
import type { Processes } from '../adapters/processes/processes.ts';
import type { OperationSettings } from '../cli/command.ts';
import type { VolumeComponent } from '../model/component.ts';
import { createStandalone } from '../platforms/standalone/standalone.ts';
import type { CountLook } from '../steps/count-tsdb.ts';
import { dropSetAside } from '../supervisor/set-aside.ts';
import { countDataDirectory } from '../observations/tsdb-inventory.ts';
import { daemonCommand, daemonEnvironment } from './daemon-command.ts';
import type { HostProcess } from './host-process.ts';
import { openPrograms } from './open-programs.ts';
import { openTsdb } from './open-tsdb.ts';

/** The platform of plain processes, on this host. */
export async function openStandalone(settings: OperationSettings, host: HostProcess, processes: Processes) {
  const { dataRoot, ...request } = settings;
  const daemon = createDaemonClient({ dataRoot, processes });
  const tsdb = openTsdb(host, processes);
  const world = {
    dataRoot,
    processes,
    daemon,
    programs: openPrograms(host, processes),
    startDaemon: (signal: AbortSignal) =>
      startDaemon({
        dataRoot,
        processes,
        client: daemon,
        command: daemonCommand(dataRoot, host),
        environment: daemonEnvironment(host),
        signal,
      }),
    dropSetAside: (component: VolumeComponent, beforeMs: number) => dropSetAside(dataRoot, component, beforeMs),
    countTsdb: (directory: string, look: CountLook) => countDataDirectory(directory, tsdb, look),
    checkConfig: runChecker,
    temporaryDirectory: tmpdir(),
    holdfastVersion: host.version,
    now: Date.now,
    randomText: () => randomText(32),
    wait: async (durationMs: number, signal: AbortSignal) => {
      await sleep(durationMs, undefined, { signal });
    },
  };
  return createStandalone(world, request);
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** From a cryptographic source, each character as likely as the others; nothing that a shell or a URL would twist. */
function randomText(length: number): string {
  return Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join('');
}
