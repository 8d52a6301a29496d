import type { PackageName } from './program-table.ts';
import type { ProgramName } from '../../model/program.ts';

export type Architecture = 'amd64' | 'arm64';

export interface PackageRow {
  readonly programs: readonly ProgramName[];
  /** The version that a new stack gets from the release site. A checksum is never written here: the site publishes it. */
  readonly defaultVersion: string;
  /** Debian's and Ubuntu's package, or undefined where they have none. */
  readonly debianPackage: string | undefined;
}

export const packageTable: Readonly<Record<PackageName, PackageRow>> = {
  prometheus: { programs: ['prometheus', 'promtool'], defaultVersion: '3.14.0', debianPackage: 'prometheus' },
  alertmanager: {
    programs: ['alertmanager', 'amtool'],
    defaultVersion: '0.34.0',
    debianPackage: 'prometheus-alertmanager',
  },
  pushgateway: { programs: ['pushgateway'], defaultVersion: '1.11.3', debianPackage: 'prometheus-pushgateway' },
  node_exporter: { programs: ['node_exporter'], defaultVersion: '1.12.1', debianPackage: 'prometheus-node-exporter' },
  grafana: { programs: ['grafana'], defaultVersion: '13.2.1', debianPackage: undefined },
};

/**
 * Since 12.2 Grafana's archives carry the number of the build that made them, which no rule gives
 * (dl.grafana.com/grafana/release/13.2.1/grafana_13.2.1_33191028959_linux_amd64.tar.gz).
 */
export const grafanaBuilds: Readonly<Record<string, string>> = { '13.2.1': '33191028959', '13.1.0': '28013217238' };
