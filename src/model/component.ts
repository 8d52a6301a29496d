/** The stack's components, by the names that the command line, stack.json and every JSON result use. */
export const componentNames = [
  'prometheus',
  'alertmanager',
  'pushgateway',
  'node-exporter',
  'grafana',
  'kube-state-metrics',
] as const;
export type ComponentName = (typeof componentNames)[number];

/** Components that keep data, and so have a volume. */
export const volumeComponents = ['prometheus', 'alertmanager', 'pushgateway', 'grafana'] as const;
export type VolumeComponent = (typeof volumeComponents)[number];

/** Components that run as a process on the standalone platform (kube-state-metrics does not). */
export const processComponents = ['prometheus', 'alertmanager', 'pushgateway', 'node-exporter', 'grafana'] as const;
export type ProcessComponent = (typeof processComponents)[number];

export function isComponentName(text: string): text is ComponentName {
  return (componentNames as readonly string[]).includes(text);
}

export function isProcessComponent(name: string): name is ProcessComponent {
  return (processComponents as readonly string[]).includes(name);
}

export function isVolumeComponent(name: string): name is VolumeComponent {
  return (volumeComponents as readonly string[]).includes(name);
}

/** What `status` says of a component. */
export type ComponentState =
  | 'running' // alive and ready
  | 'starting' // alive, not yet ready
  | 'stopping'
  | 'stopped' // not running, and nobody wants it to
  | 'held' // stopped by a plan that has not finished
  | 'restarting' // died; waits for its next start
  | 'failed' // gave up after too many deaths
  | 'refused' // a guard refused to start it: volume, version, retention
  | 'unavailable' // its program cannot be had here
  | 'not-applicable'
  | 'unknown'; // the daemon cannot be asked
