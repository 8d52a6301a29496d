import { formatBytes } from '../model/bytes.ts';
import type { StackConfig } from '../model/config.ts';
import { formatDuration } from '../model/duration.ts';
import type { Difference } from '../model/plan.ts';

/** What differs between two configurations, by the keys of the config file and in its notation. */
export function listDifferences(from: StackConfig, to: StackConfig): readonly Difference[] {
  const before = flatten(from);
  const after = flatten(to);
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [was, is] = [before.get(key) ?? none, after.get(key) ?? none];
    return was === is ? [] : [{ key, from: was, to: is }];
  });
}

const none = 'none';

function flatten(config: StackConfig): ReadonlyMap<string, string> {
  const { prometheus, alertmanager } = config;
  return new Map([
    ['platform', config.platform],
    ['listen', config.listen],
    ['prometheus.port', String(prometheus.port)],
    ['prometheus.scrapeInterval', formatDuration(prometheus.scrapeIntervalMs)],
    ['prometheus.retention', prometheus.retentionMs === 0 ? 'no limit' : formatDuration(prometheus.retentionMs)],
    ['prometheus.retentionSize', showSize(prometheus.retentionSizeBytes)],
    ['prometheus.scrapeFiles', showList(prometheus.scrapeFiles)],
    ['prometheus.ruleFiles', showList(prometheus.ruleFiles)],
    ['alertmanager.port', String(alertmanager.port)],
    ['alertmanager.config', alertmanager.config ?? none],
    ['pushgateway.port', String(config.pushgateway.port)],
    ['nodeExporter.port', String(config.nodeExporter.port)],
    ['grafana.port', String(config.grafana.port)],
    ['console.port', String(config.console.port)],
    ...Object.entries(config.programs).map(([name, path]): [string, string] => [`programs.${name}`, path]),
    ['programSource', config.programSource ?? none],
  ]);
}

/** Exact, so that two sizes that differ never read the same. */
function showSize(bytes: number): string {
  if (bytes === 0) return 'no limit';
  const text = formatBytes(bytes);
  return text.endsWith('.0 GiB') || bytes % 2 ** 30 === 0 ? text : `${text} (${bytes} bytes)`;
}

function showList(items: readonly string[]): string {
  return items.length === 0 ? none : items.join(', ');
}
