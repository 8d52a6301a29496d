import { createAlertmanagerClient } from '../../../adapters/alertmanager/alertmanager-client.ts';
import { createGrafanaClient } from '../../../adapters/grafana/grafana-client.ts';
import type { Endpoint } from '../../../adapters/http/request.ts';
import { createPrometheusClient } from '../../../adapters/prometheus/prometheus-client.ts';
import type { PrometheusReader } from '../../../adapters/prometheus/prometheus-reader.ts';
import { createPushgatewayClient } from '../../../adapters/pushgateway/pushgateway-client.ts';
import type { ComponentObservation } from '../../../contract/daemon-api.ts';
import { getSecrets } from '../../../data-root/secrets.ts';
import type { ComponentWitnesses } from '../../../steps/ask-components.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

export interface ComponentReaders {
  /** Null where Prometheus does not run. */
  readonly prometheus: PrometheusReader | null;
  readonly witnesses: ComponentWitnesses;
}

/** A way to ask each component that runs, at the address it was launched with. */
export async function openComponents(world: StandaloneWorld, signal: AbortSignal): Promise<ComponentReaders> {
  const observation = await world.daemon.observe({ fresh: true }, signal);
  const credentials = await getSecrets(world.dataRoot);
  const find = (name: string) => observation?.components.find((component) => component.name === name);
  const endpoint = (component: ComponentObservation): Endpoint => ({
    name: component.name,
    address: component.address ?? '',
    credentials: { user: credentials.user, password: credentials.password },
  });
  const witness = <R>(name: string, create: (endpoint: Endpoint) => R) => {
    const component = find(name);
    if (component === undefined) return { absent: 'the daemon does not run' };
    if (component.state === 'unavailable' || component.state === 'not-applicable') return null;
    if (!isAlive(component)) return { absent: `it is ${component.state}` };
    return create(endpoint(component));
  };
  const prometheus = find('prometheus');
  return {
    prometheus: prometheus !== undefined && isAlive(prometheus) ? createPrometheusClient(endpoint(prometheus)) : null,
    witnesses: {
      alertmanager: witness('alertmanager', createAlertmanagerClient),
      pushgateway: witness('pushgateway', createPushgatewayClient),
      grafana: witness('grafana', createGrafanaClient),
    },
  };
}

function isAlive(component: ComponentObservation): boolean {
  return component.address !== null && (component.state === 'running' || component.state === 'starting');
}
