import type { StackConfig } from '../model/config.ts';

/** The sections of the config that have a port. */
export const portKeys = [
  'prometheus',
  'alertmanager',
  'pushgateway',
  'nodeExporter',
  'grafana',
  'console',
] as const satisfies readonly (keyof StackConfig)[];
export type PortKey = (typeof portKeys)[number];
