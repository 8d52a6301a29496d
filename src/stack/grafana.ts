import { dirname, join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { paths } from '../model/paths.ts';
import { componentPort, listenHost } from './component-address.ts';
import { builtDashboards } from './dashboards/built-dashboards.ts';
import { renderDashboardProvider, renderDatasources } from './grafana-provisioning.ts';
import { renderGrafanaSettings } from './grafana-settings.ts';
import type { Launch, RenderedFile, RenderInput } from './rendered-component.ts';
import { dataPath, passwordPath, renderedPath } from './stack-paths.ts';

/** Grafana with the stack's user as its admin, Prometheus as its datasource, and dashboards of the stack itself. */
export function renderGrafana(input: RenderInput): Launch {
  refuseUnspeakableRoot(input.dataRoot);
  const home = input.program.workingDirectory ?? dirname(dirname(input.program.path));
  return {
    files: renderFiles(input),
    arguments: ['server', `--homepath=${home}`, `--config=${renderedPath(input, settingsFile)}`],
    environment: renderEnvironment(input),
    workingDirectory: home,
  };
}

const settingsFile = 'grafana.ini';
const provisioning = 'provisioning';
const dashboards = 'dashboards';

function renderFiles(input: RenderInput): readonly RenderedFile[] {
  return [
    { path: settingsFile, content: renderGrafanaSettings(), mode: 0o644 },
    { path: `${provisioning}/datasources/holdfast.yml`, content: renderDatasources(input), mode: 0o600 },
    {
      path: `${provisioning}/dashboards/holdfast.yml`,
      content: renderDashboardProvider(renderedPath(input, dashboards)),
      mode: 0o644,
    },
    ...builtDashboards.map(({ uid, json }): RenderedFile => {
      return { path: `${dashboards}/${uid}.json`, content: json, mode: 0o644 };
    }),
  ];
}

/**
 * What differs from stack to stack comes by environment, since Grafana takes it as it is, where its ini would end a path
 * at a `#`. The password is only named: `$__file{}` is expanded in settings from every source (pkg/setting, expanders.go).
 * The suffix `__FILE` is no way: only the container image's start script knows it (packaging/docker/run.sh).
 */
function renderEnvironment(input: RenderInput): Readonly<Record<string, string>> {
  const { config } = input.stack;
  const data = dataPath(input, 'grafana');
  const password = `$__file{${passwordPath(input)}}`;
  return {
    TZ: 'UTC',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: data,
    GF_PATHS_DATA: data,
    GF_PATHS_PLUGINS: join(data, 'plugins'),
    GF_PATHS_LOGS: join(input.dataRoot, paths.logs),
    GF_PATHS_PROVISIONING: renderedPath(input, provisioning),
    GF_SERVER_HTTP_ADDR: listenHost(config),
    GF_SERVER_HTTP_PORT: String(componentPort(config, 'grafana')),
    // A browser sends cookies to every port of a host: two stacks would end each other's sessions.
    GF_AUTH_LOGIN_COOKIE_NAME: `grafana_session_${componentPort(config, 'grafana')}`,
    GF_SECURITY_ADMIN_USER: input.user,
    GF_SECURITY_ADMIN_PASSWORD: password,
    GF_METRICS_BASIC_AUTH_USERNAME: input.user,
    GF_METRICS_BASIC_AUTH_PASSWORD: password,
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: renderedPath(input, `${dashboards}/${builtDashboards[0].uid}.json`),
  };
}

/** Grafana expands `$x`, `${x}` and `%(x)s` in every setting and `$__file{}` ends at the first brace: no way to quote. */
function refuseUnspeakableRoot(dataRoot: string): void {
  if (!/[$}]|%\(/.test(dataRoot)) return;
  throw new HoldfastError('bad-arguments', {
    message: `Grafana cannot be told of the data root ${dataRoot}: it would replace the $, } or %( in it by something else. Nothing was started there.`,
    remedy: 'Move the data root to a path without these characters and name it with --data.',
  });
}
