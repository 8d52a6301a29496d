import type { ProcessReader } from '../../../adapters/processes/processes.ts';
import { processComponents, type ProcessComponent } from '../../../model/component.ts';
import type { StackConfig } from '../../../model/config.ts';
import type { InstanceFact, PortFact } from '../standalone-facts.ts';

/** Who listens on the ports that the components need. Our own instance on its port is nobody. */
export async function observePorts(
  processes: ProcessReader,
  config: StackConfig,
  instances: readonly InstanceFact[],
): Promise<readonly PortFact[]> {
  return Promise.all(
    processComponents.map(async (component) => {
      const port = portOf(config, component);
      const listener = await processes.findListener(port);
      const isOurs = instances.some(({ identity }) => identity.pid === listener?.pid);
      if (listener === undefined || isOurs) return { component, port, takenBy: null };
      const takenBy =
        listener.pid === null ? 'a process of another user' : `pid ${listener.pid} (${listener.command ?? 'unknown'})`;
      return { component, port, takenBy };
    }),
  );
}

export function portOf(config: StackConfig, component: ProcessComponent): number {
  const key = component === 'node-exporter' ? 'nodeExporter' : component;
  return config[key].port;
}
