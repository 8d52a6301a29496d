import { basename } from 'node:path';
import type { InstalledProgram } from '../model/program.ts';
import { componentAddress } from './component-address.ts';
import { debianWebAssets } from './debian-web-assets.ts';
import { parseUserYaml } from './parse-user-yaml.ts';
import { renderPrometheusConfig } from './prometheus-config.ts';
import { renderRetention, retentionFlag } from './prometheus-retention.ts';
import type { Launch, RenderedFile, RenderInput, UserFile } from './rendered-component.ts';
import { renderRules } from './rules/render-rules.ts';
import { dataPath, renderedPath } from './stack-paths.ts';
import { renderWebConfig, renderWebFlags } from './web-config.ts';

/** Prometheus with its TSDB lock, without the endpoints that delete, reload or stop. */
export function renderPrometheus(input: RenderInput): Launch {
  const ruleFiles = [ownRules(input), ...input.ruleFiles.map(userRules)];
  return {
    files: [
      // 0600, since a scrape file of the user's may hold a secret.
      {
        path: configFile,
        content: renderPrometheusConfig(
          input,
          ruleFiles.map(({ path }) => path),
        ),
        mode: 0o600,
      },
      renderWebConfig(input),
      ...ruleFiles,
    ],
    arguments: renderArguments(input),
    environment: { TZ: 'UTC' },
    workingDirectory: input.program.workingDirectory ?? input.dataRoot,
  };
}

const configFile = 'prometheus.yml';

function renderArguments(input: RenderInput): readonly string[] {
  return [
    `--config.file=${renderedPath(input, configFile)}`,
    `--storage.tsdb.path=${dataPath(input, 'prometheus')}`,
    ...retentionFlags(input),
    ...lockFlags(input.program),
    ...renderWebFlags(input),
    `--web.external-url=${componentAddress(input.stack.config, 'prometheus')}`,
    ...debianWebAssets(input.program, 'web'),
  ];
}

function retentionFlags({ program, retention }: RenderInput): readonly string[] {
  if (!program.flags.includes(retentionFlag)) return [];
  const { time, size } = renderRetention(retention);
  return [`--${retentionFlag}=${time}`, ...(size === undefined ? [] : [`--storage.tsdb.retention.size=${size}`])];
}

/** Upstream locks by itself; Debian's build locks only when it is told to. */
export function lockFlags({ flags }: InstalledProgram): readonly string[] {
  return flags.includes('storage.tsdb.use-lockfile') ? ['--storage.tsdb.use-lockfile'] : [];
}

function ownRules({ stack, present }: RenderInput): RenderedFile {
  const { scrapeIntervalMs } = stack.config.prometheus;
  return { path: 'rules/holdfast.yml', content: renderRules({ scrapeIntervalMs, present }), mode: 0o644 };
}

/** A copy, once it is known to be YAML, numbered, since files of two directories may have the same name. */
function userRules(file: UserFile, index: number): RenderedFile {
  const { path, text } = file;
  parseUserYaml(file, 'prometheus.ruleFiles');
  const name = basename(path).replace(/[^A-Za-z0-9._-]/g, '_');
  return { path: `rules/user-${index + 1}-${name}`, content: text, mode: 0o600 };
}
