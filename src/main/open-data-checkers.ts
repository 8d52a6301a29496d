import type { Processes } from '../adapters/processes/processes.ts';
import { createPushgatewayLoader } from '../adapters/pushgateway/pushgateway-loader.ts';
import { createSqliteReader } from '../adapters/sqlite/sqlite-checker.ts';
import type { StackDataCheckers } from '../cli/command.ts';
import { debianWebAssets } from '../stack/debian-web-assets.ts';
import type { HostProcess } from './host-process.ts';
import { openPrograms } from './open-programs.ts';

/** What checks the data of the components beside Prometheus, with the programs of this host. */
export function openDataCheckers(host: HostProcess, processes: Processes): StackDataCheckers {
  const environmentPath = host.environment['PATH'] ?? '';
  return {
    pushgateway: createPushgatewayLoader(environmentPath),
    sqlite: createSqliteReader({ path: environmentPath, now: Date.now }),
    findPushgateway: async ({ programs, config }) => {
      const pin = programs.find(({ name }) => name === 'pushgateway');
      if (pin === undefined) return null;
      const found = await openPrograms(host, processes).find(pin, config.programs['pushgateway']);
      if (found === undefined) return null;
      const { path, workingDirectory } = found;
      return { path, workingDirectory, arguments: debianWebAssets(found, 'pushgateway') };
    },
  };
}
