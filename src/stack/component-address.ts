import type { ProcessComponent } from '../model/component.ts';
import type { StackConfig } from '../model/config.ts';

/** Where this host reaches a component, as `http://127.0.0.1:30090`; a component on all addresses is reached over loopback. */
export function componentAddress(config: StackConfig, component: ProcessComponent): string {
  return `http://${componentTarget(config, component)}`;
}

/** The same as host:port, which is also what Prometheus scrapes and so the `instance` of its series. */
export function componentTarget(config: StackConfig, component: ProcessComponent): string {
  const host = listenHost(config);
  const reachable = loopbackOf[host] ?? host;
  return joinHostPort(reachable, componentPort(config, component));
}

/** What `--web.listen-address` takes: `127.0.0.1:30090`, `0.0.0.0:30090`, `[::1]:30090`. */
export function listenAddress(config: StackConfig, component: ProcessComponent): string {
  return joinHostPort(listenHost(config), componentPort(config, component));
}

/** The host or address of `listen:` without the brackets that an IPv6 address may be written in. */
export function listenHost(config: StackConfig): string {
  return config.listen.replace(/^\[(.*)\]$/, '$1');
}

export function componentPort(config: StackConfig, component: ProcessComponent): number {
  return config[component === 'node-exporter' ? 'nodeExporter' : component].port;
}

const loopbackOf: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
