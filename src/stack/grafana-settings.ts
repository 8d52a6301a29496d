/**
 * grafana.ini: what is the same for every stack. Grafana talks to nobody but the browser and the datasource, lets nobody
 * in without a login, and logs to its console, which the supervisor keeps.
 */
export function renderGrafanaSettings(): string {
  return Object.entries(settings)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
      return `[${section}]\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  analytics: {
    reporting_enabled: 'false',
    check_for_updates: 'false',
    check_for_plugin_updates: 'false',
    feedback_links_enabled: 'false',
  },
  'auth.anonymous': { enabled: 'false' },
  // SQLite's WAL needs memory shared between its users, which NFS does not give.
  database: { type: 'sqlite3', wal: 'false' },
  log: { mode: 'console' },
  metrics: { enabled: 'true' },
  news: { news_feed_enabled: 'false' },
  // Plugins that Grafana would otherwise fetch at every start (pkg/setting/setting_plugins.go); bundled ones stay.
  plugins: { preinstall_disabled: 'true', preinstall_auto_update: 'false' },
  security: { disable_gravatar: 'true' },
  server: { protocol: 'http' },
  snapshots: { external_enabled: 'false' },
  users: { allow_sign_up: 'false', allow_org_create: 'false' },
};
