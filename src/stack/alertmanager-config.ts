import { parse } from 'yaml';
import { makePathsAbsolute } from './make-paths-absolute.ts';
import type { UserFile } from './rendered-component.ts';

/**
 * The user's config as it is, or one that notifies nobody. Only relative paths in it are made absolute, since
 * Alertmanager looks for them beside its config, and that is a copy elsewhere.
 */
export function renderAlertmanagerConfig(file: UserFile | null): string {
  return file === null ? silentConfig : makePathsAbsolute(file, 'alertmanager.config');
}

/** True where some receiver has at least one way to notify; false for none, for null and for text that is no config. */
export function hasReceiver(configText: string | null): boolean {
  if (configText === null) return false;
  const { receivers } = asRecord(parseOrNull(configText));
  return Array.isArray(receivers) && receivers.some(notifiesSomebody);
}

const silentConfig = `# No alertmanager.config is set: alerts are shown here and nobody is notified.
route:
  receiver: nobody
receivers:
  - name: nobody
`;

/** Every way to notify is a list named `<kind>_configs` (alertmanager/config/config.go, Receiver). */
function notifiesSomebody(receiver: unknown): boolean {
  return Object.entries(asRecord(receiver)).some(
    ([key, list]) => key.endsWith('_configs') && Array.isArray(list) && list.length > 0,
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parseOrNull(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
