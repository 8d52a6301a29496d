import type { ProcessComponent } from '../model/component.ts';
import { processComponents } from '../model/component.ts';
import type { StackConfig } from '../model/config.ts';
import type { InstalledProgram } from '../model/program.ts';
import type { RenderInput } from './rendered-component.ts';

/** What a test changes of a default stack at /srv/holdfast whose programs are Debian's. */
export interface FixtureOptions extends Partial<Omit<RenderInput, 'stack' | 'program'>> {
  readonly config?: Partial<StackConfig>;
  readonly program?: Partial<InstalledProgram>;
}

/** A whole input for tests, the same at every call. */
export function renderFixture(component: ProcessComponent, options: FixtureOptions = {}): RenderInput {
  const { config, program, ...rest } = options;
  return {
    component,
    dataRoot: '/srv/holdfast',
    retention: { timeMs: 15 * 86_400_000, sizeBytes: 15 * 2 ** 30 },
    user: 'holdfast',
    passwordHash: '$2b$10$abcdefghijklmnopqrstuuMzbSBGbjFNkGCbp8UqUyxfNm3vS8Cxe',
    present: processComponents,
    alertmanagerConfig: null,
    scrapeFiles: [],
    ruleFiles: [],
    ...rest,
    stack: {
      format: 1,
      stackId: '01JDB2Y0000000000000000000',
      name: 'monitoring',
      createdAtMs: 1_763_942_400_000,
      desired: 'up',
      config: { ...defaultConfig, ...config },
      volumes: [],
      programs: [],
      unavailable: [],
      retention: { timeMs: 15 * 86_400_000, sizeBytes: 15 * 2 ** 30, raises: [] },
    },
    program: { ...debianPrograms[component], ...program },
  };
}

const defaultConfig: StackConfig = {
  stack: 'monitoring',
  platform: 'standalone',
  listen: '127.0.0.1',
  prometheus: {
    port: 30090,
    scrapeIntervalMs: 15_000,
    retentionMs: 15 * 86_400_000,
    retentionSizeBytes: 15 * 2 ** 30,
    scrapeFiles: [],
    ruleFiles: [],
  },
  alertmanager: { port: 30093, config: null },
  pushgateway: { port: 32091 },
  nodeExporter: { port: 30910 },
  grafana: { port: 30300 },
  console: { port: 30080 },
  programs: {},
  programSource: null,
};

const common = { source: 'debian', sha256: '0'.repeat(64), origin: 'fixture', modified: false } as const;
const web = ['web.listen-address', 'web.config.file'];
const cache = '/srv/cache/debian/usr';

const debianPrograms: { readonly [C in ProcessComponent]: InstalledProgram } = {
  prometheus: {
    ...common,
    name: 'prometheus',
    version: '2.42.0',
    path: `${cache}/bin/prometheus`,
    workingDirectory: null,
    flags: [...web, 'web.local-assets', 'storage.tsdb.retention.time', 'storage.tsdb.use-lockfile'],
  },
  alertmanager: {
    ...common,
    name: 'alertmanager',
    version: '0.25.0',
    modified: true,
    path: `${cache}/bin/prometheus-alertmanager`,
    workingDirectory: '/srv/cache/debian',
    flags: [...web, 'cluster.listen-address'],
  },
  pushgateway: {
    ...common,
    name: 'pushgateway',
    version: '1.5.1',
    path: `${cache}/bin/prometheus-pushgateway`,
    workingDirectory: null,
    flags: [...web, 'web.local-assets', 'persistence.file'],
  },
  'node-exporter': {
    ...common,
    name: 'node_exporter',
    version: '1.5.0',
    path: `${cache}/bin/prometheus-node-exporter`,
    workingDirectory: null,
    flags: web,
  },
  grafana: {
    ...common,
    name: 'grafana',
    source: 'release',
    version: '13.2.0',
    path: '/srv/cache/grafana/bin/grafana',
    workingDirectory: '/srv/cache/grafana',
    flags: [],
  },
};
