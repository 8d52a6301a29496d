import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RunKeeper, World } from '../cli/command.ts';
import { resolveDataRoot } from '../config/data-root.ts';
import type { HostProcess } from './host-process.ts';

/** The world of this host. Every member loads what it needs when it is first called, so that a look stays quick. */
export function createWorld(host: HostProcess): World {
  const openProcesses = once(async () => {
    const { createProcesses } = await import('../adapters/processes/linux-processes.ts');
    return createProcesses();
  });
  const isAlive: World['isAlive'] = async (identity) => (await openProcesses()).isAlive(identity);
  return {
    isAlive,
    openDaemon: async (dataRoot) => {
      const { createDaemonClient } = await import('../adapters/daemon/daemon-client.ts');
      return createDaemonClient({ dataRoot, processes: await openProcesses() });
    },
    askStatus: async (dataRoot) => {
      const { askStatus } = await import('../adapters/daemon/ask-status.ts');
      return askStatus({ dataRoot, holdfastVersion: host.version });
    },
    listRuns: async (dataRoot, options) => {
      const { listRuns } = await import('../engine/list-runs.ts');
      return listRuns(dataRoot, isAlive, options);
    },
    openRuns: async (dataRoot): Promise<RunKeeper> => {
      const { openRuns } = await import('./open-runs.ts');
      return openRuns(dataRoot, await openProcesses());
    },
    withPlatform: async (settings, use) => {
      const { openStandalone } = await import('./open-standalone.ts');
      return use(await openStandalone(settings, host, await openProcesses()));
    },
    runDaemon: async (dataRoot, signal) => {
      const { runDaemonOf } = await import('./run-daemon-of.ts');
      await runDaemonOf(dataRoot, { host, processes: await openProcesses() }, signal);
    },
    service: async (action, scope, options) => {
      const { callService } = await import('./call-service.ts');
      return callService(action, scope, { host, processes: await openProcesses(), ...options });
    },
    openTsdb: async () => {
      const { openTsdb } = await import('./open-tsdb.ts');
      return openTsdb(host, await openProcesses());
    },
    openRepair: async () => {
      const { createRepairHandlers } = await import('../steps/repair/repair-handlers.ts');
      const { openTasks } = await import('./open-tsdb.ts');
      return createRepairHandlers({ runTask: openTasks(host), now: Date.now });
    },
    openDiscard: async () => {
      const { createDiscardHandlers } = await import('../steps/discard/discard-handlers.ts');
      return createDiscardHandlers();
    },
    openDataCheckers: async () => {
      const { openDataCheckers } = await import('./open-data-checkers.ts');
      return openDataCheckers(host, await openProcesses());
    },
    openStitch: async (choice) => {
      const { openStitch } = await import('./open-stitch.ts');
      return openStitch(host, await openProcesses(), choice);
    },
    findOtherPlatform: async (dataRoot) => {
      const { observeOtherPlatform } = await import('../observations/other-platform.ts');
      const { environment } = host;
      const named = (environment['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
      const kubeconfigs = [...named, join(environment['HOME'] ?? homedir(), '.kube', 'config')];
      const usual = findUsualDataRoot(host);
      return observeOtherPlatform({
        procRoot: '/proc',
        kubeconfigs,
        defaultDataRoot: usual === dataRoot ? undefined : usual,
      });
    },
  };
}

/** The data root that is used where nobody names one. */
function findUsualDataRoot({ environment, workingDirectory }: HostProcess): string | undefined {
  const home = environment['HOME'];
  const xdgDataHome = environment['XDG_DATA_HOME'];
  if (home === undefined && xdgDataHome === undefined) return undefined;
  const unnamed = { flag: undefined, environment: undefined, file: undefined };
  return resolveDataRoot({ ...unnamed, xdgDataHome, home, workingDirectory });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
