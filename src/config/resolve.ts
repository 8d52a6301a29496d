import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StackConfig } from '../model/config.ts';
import type { Difference } from '../model/plan.ts';
import type { StackFile } from '../model/stack-file.ts';
import { defaultConfig } from './defaults.ts';
import { listDifferences } from './differences.ts';
import type { ConfigFile } from './load.ts';
import { badConfig, showKey, type Mistake } from './mistakes.ts';
import { portKeys, type PortKey } from './ports.ts';
import type { ConfigValues } from './schema.ts';

export interface ConfigLayers {
  readonly file: ConfigFile | undefined;
  readonly stackFile: Pick<StackFile, 'name' | 'config'> | undefined;
  readonly flags: { readonly platform?: 'standalone' };
}

export interface ResolvedConfig {
  readonly config: StackConfig;
  /** What the user's words change in stack.json; none where there is no stack.json yet. */
  readonly differences: readonly Difference[];
}

/**
 * Lays flag, config file, stack.json and default over one another, key by key. Pure. Throws `other-stack` where the file
 * names another stack than stack.json, and `bad-config` where two components would share a port.
 */
export function resolveConfig({ file, stackFile, flags }: ConfigLayers): ResolvedConfig {
  const named = file?.values.stack;
  if (stackFile !== undefined && named !== undefined && named !== stackFile.name) {
    throw otherStack(named, stackFile.name, file?.path ?? '');
  }
  const base = stackFile?.config ?? defaultConfig;
  const laid = layFile(base, file?.values ?? {});
  const config = flags.platform === undefined ? laid : { ...laid, platform: flags.platform };
  refusePortClash(config, file);
  return { config, differences: stackFile === undefined ? [] : listDifferences(stackFile.config, config) };
}

function layFile(base: StackConfig, values: ConfigValues): StackConfig {
  const { prometheus } = values;
  return {
    stack: values.stack ?? base.stack,
    platform: values.platform ?? base.platform,
    listen: values.listen ?? base.listen,
    prometheus: {
      port: prometheus?.port ?? base.prometheus.port,
      scrapeIntervalMs: prometheus?.scrapeInterval ?? base.prometheus.scrapeIntervalMs,
      retentionMs: prometheus?.retention ?? base.prometheus.retentionMs,
      retentionSizeBytes: prometheus?.retentionSize ?? base.prometheus.retentionSizeBytes,
      scrapeFiles: prometheus?.scrapeFiles ?? base.prometheus.scrapeFiles,
      ruleFiles: prometheus?.ruleFiles ?? base.prometheus.ruleFiles,
    },
    alertmanager: {
      port: values.alertmanager?.port ?? base.alertmanager.port,
      config: orElse(values.alertmanager?.config, base.alertmanager.config),
    },
    pushgateway: { port: values.pushgateway?.port ?? base.pushgateway.port },
    nodeExporter: { port: values.nodeExporter?.port ?? base.nodeExporter.port },
    grafana: { port: values.grafana?.port ?? base.grafana.port },
    console: { port: values.console?.port ?? base.console.port },
    programs: layPrograms(base.programs, values.programs ?? {}),
    programSource: orElse(values.programSource, base.programSource),
  };
}

/** null is said by the user and takes the value back to none; undefined is not said. */
function orElse(said: string | null | undefined, base: string | null): string | null {
  return said === undefined ? base : said;
}

function layPrograms(base: StackConfig['programs'], said: Readonly<Record<string, string | null | undefined>>) {
  const all = Object.entries({ ...base, ...said });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function refusePortClash(config: StackConfig, file: ConfigFile | undefined): void {
  const mistakes: Mistake[] = [];
  for (const [index, name] of portKeys.entries()) {
    const first = portKeys.slice(0, index).find((other) => config[other].port === config[name].port);
    if (first !== undefined) mistakes.push(clash(first, name, config, file));
  }
  if (mistakes.length > 0) throw badConfig(file?.path ?? 'stack.json', mistakes);
}

/** Points at the one of the two that stands in the file. */
function clash(first: PortKey, second: PortKey, config: StackConfig, file: ConfigFile | undefined): Mistake {
  const [culprit, other] = file?.values[second]?.port === undefined ? [first, second] : [second, first];
  const key = [culprit, 'port'];
  const position = file?.positionOf(key) ?? { line: 1, column: 1 };
  const message = `${config[culprit].port} is the port of ${other} already, which this file does not set`;
  return { ...position, key: showKey(key), message };
}

function otherStack(named: string, found: string, path: string): HoldfastError {
  return new HoldfastError('other-stack', {
    message: `${path} is about the stack "${named}", but this data root belongs to the stack "${found}". Nothing was changed.`,
    remedy: `Name the data root of "${named}" with --data DIR, or use the config file of "${found}".`,
    details: { named, found },
  });
}
