import { stringify } from 'yaml';
import { formatDuration } from '../model/duration.ts';
import { componentAddress } from './component-address.ts';
import { datasourceUid } from './dashboards/dashboard-spec.ts';
import type { RenderInput } from './rendered-component.ts';
import { passwordPath } from './stack-paths.ts';

/** Datasources of Grafana. The password is named by file, which Grafana reads when it provisions (values/values.go). */
export function renderDatasources(input: RenderInput): string {
  const { config } = input.stack;
  const datasources = [
    {
      name: 'Prometheus',
      uid: datasourceUid,
      type: 'prometheus',
      ...access(input, componentAddress(config, 'prometheus')),
      isDefault: true,
      jsonData: { httpMethod: 'POST', timeInterval: formatDuration(config.prometheus.scrapeIntervalMs) },
    },
    ...(input.present.includes('alertmanager')
      ? [
          {
            name: 'Alertmanager',
            uid: 'holdfast-alertmanager',
            type: 'alertmanager',
            ...access(input, componentAddress(config, 'alertmanager')),
            jsonData: { implementation: 'prometheus' },
          },
        ]
      : []),
  ];
  return stringify({ apiVersion: 1, datasources }, { lineWidth: 0 });
}

/** Dashboards are read from files and cannot be changed in Grafana; the user's own live in its database. */
export function renderDashboardProvider(directory: string): string {
  return stringify(
    {
      apiVersion: 1,
      providers: [
        {
          name: 'holdfast',
          folder: 'Holdfast',
          type: 'file',
          disableDeletion: true,
          allowUiUpdates: false,
          options: { path: directory },
        },
      ],
    },
    { lineWidth: 0 },
  );
}

function access(input: RenderInput, url: string): object {
  return {
    access: 'proxy',
    url,
    editable: false,
    basicAuth: true,
    // A dollar sign would begin a variable (values/values.go, interpolateValue).
    basicAuthUser: input.user.replaceAll('$', '$$$$'),
    secureJsonData: { basicAuthPassword: `$__file{${passwordPath(input)}}` },
  };
}
