import type { ProgramName } from '../../model/program.ts';

export const packageNames = ['prometheus', 'alertmanager', 'pushgateway', 'node_exporter', 'grafana'] as const;
/** Programs come in packages: one release archive, and one Debian package, for each. */
export type PackageName = (typeof packageNames)[number];

export interface ProgramRow {
  readonly package: PackageName;
  /** Names on PATH, the official one first; Debian puts `prometheus-` before those that are not Prometheus itself. */
  readonly executables: readonly string[];
  /** The program of the same package, which should come from the same place. */
  readonly partner: ProgramName | undefined;
  /** What its first line of `--version` looks like; the group is the version. */
  readonly versionPattern: RegExp;
  /** What comes before `--help`. */
  readonly helpCommand: readonly string[];
  /** An older one is passed over where no version is pinned. */
  readonly minimumVersion: string;
  /** Where it lies in the release archive, after its one top directory is stripped. */
  readonly pathInArchive: string;
}

/**
 * The one table of programs. Minimum versions: password files came with Prometheus 2.24, Alertmanager 0.22, Pushgateway
 * 1.4 and node_exporter 1.0; what Ubuntu 22.04 packages is the oldest that is tried. Grafana 9.4 began to be one `grafana`.
 */
export const programTable: Readonly<Record<ProgramName, ProgramRow>> = {
  prometheus: {
    package: 'prometheus',
    executables: ['prometheus'],
    partner: 'promtool',
    versionPattern: /^prometheus, version (\S+)/m,
    helpCommand: [],
    minimumVersion: '2.31.0',
    pathInArchive: 'prometheus',
  },
  promtool: {
    package: 'prometheus',
    executables: ['promtool'],
    partner: 'prometheus',
    versionPattern: /^promtool, version (\S+)/m,
    helpCommand: [],
    minimumVersion: '2.31.0',
    pathInArchive: 'promtool',
  },
  alertmanager: {
    package: 'alertmanager',
    executables: ['alertmanager', 'prometheus-alertmanager'],
    partner: 'amtool',
    versionPattern: /^alertmanager, version (\S+)/m,
    helpCommand: [],
    minimumVersion: '0.23.0',
    pathInArchive: 'alertmanager',
  },
  amtool: {
    package: 'alertmanager',
    executables: ['amtool'],
    partner: 'alertmanager',
    versionPattern: /^amtool, version (\S+)/m,
    helpCommand: [],
    minimumVersion: '0.23.0',
    pathInArchive: 'amtool',
  },
  pushgateway: {
    package: 'pushgateway',
    executables: ['pushgateway', 'prometheus-pushgateway'],
    partner: undefined,
    versionPattern: /^pushgateway, version (\S+)/m,
    helpCommand: [],
    minimumVersion: '1.4.0',
    pathInArchive: 'pushgateway',
  },
  node_exporter: {
    package: 'node_exporter',
    executables: ['node_exporter', 'prometheus-node-exporter'],
    partner: undefined,
    versionPattern: /^node_exporter, version (\S+)/m,
    helpCommand: [],
    minimumVersion: '1.3.0',
    pathInArchive: 'node_exporter',
  },
  grafana: {
    package: 'grafana',
    executables: ['grafana', 'grafana-server'],
    partner: undefined,
    versionPattern: /^(?:grafana(?:-server)? version|Version) (\S+)/m,
    helpCommand: ['server'],
    minimumVersion: '9.4.0',
    pathInArchive: 'bin/grafana',
  },
};
