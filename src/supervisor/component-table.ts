import type { ProcessComponent } from '../model/component.ts';
import type { ProgramName } from '../model/program.ts';

export interface ComponentRow {
  readonly program: ProgramName;
  /** From SIGTERM to SIGKILL. Prometheus flushes its head's chunks, Alertmanager and Pushgateway write their files. */
  readonly graceMs: number;
  /** Answers 200 here once it is ready. */
  readonly readyPath: string;
  /** Must also stand in the answer: node-exporter answers 200 on any path, Grafana before its database is there. */
  readonly readyText: RegExp | null;
  /** True where the rest of the stack is whole without it. */
  readonly optional: boolean;
}

/** What the supervisor knows of each component: one row each. */
export const componentTable: Readonly<Record<ProcessComponent, ComponentRow>> = {
  prometheus: {
    program: 'prometheus',
    graceMs: 300_000,
    readyPath: '/-/ready',
    readyText: null,
    optional: false,
  },
  alertmanager: {
    program: 'alertmanager',
    graceMs: 60_000,
    readyPath: '/-/ready',
    readyText: null,
    optional: false,
  },
  pushgateway: {
    program: 'pushgateway',
    graceMs: 60_000,
    readyPath: '/-/ready',
    readyText: null,
    optional: false,
  },
  'node-exporter': {
    program: 'node_exporter',
    graceMs: 10_000,
    readyPath: '/metrics',
    readyText: /^node_exporter_build_info\{/m,
    optional: false,
  },
  grafana: {
    program: 'grafana',
    graceMs: 30_000,
    readyPath: '/api/health',
    readyText: /"database":\s*"ok"/,
    optional: true,
  },
};

/** Prometheus first: it has the longest way to go, and an outage is measured by its samples. None waits for another. */
export const startOrder: readonly ProcessComponent[] = [
  'prometheus',
  'node-exporter',
  'pushgateway',
  'alertmanager',
  'grafana',
];

/** Who only reads stops before who is read from; who writes its file at SIGTERM stops last. */
export const stopOrder: readonly ProcessComponent[] = [
  'prometheus',
  'grafana',
  'node-exporter',
  'alertmanager',
  'pushgateway',
];
