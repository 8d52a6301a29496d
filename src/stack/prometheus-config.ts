import { stringify } from 'yaml';
import { processComponents, type ProcessComponent } from '../model/component.ts';
import { formatDuration } from '../model/duration.ts';
import { componentTarget } from './component-address.ts';
import { renderRetention, retentionFlag } from './prometheus-retention.ts';
import type { RenderInput } from './rendered-component.ts';
import { renderScrapeFiles } from './scrape-files.ts';
import { passwordPath, renderedPath } from './stack-paths.ts';

/** prometheus.yml. Jobs are named like components, which rules and dashboards rely on. */
export function renderPrometheusConfig(input: RenderInput, ruleFiles: readonly string[]): string {
  const components = processComponents.filter((component) => input.present.includes(component));
  const own = stringify(
    {
      global: globalSection(input.stack.config.prometheus.scrapeIntervalMs),
      rule_files: ruleFiles.map((file) => escapeGlob(renderedPath(input, file))),
      ...storageSection(input),
      ...(components.includes('alertmanager') ? { alerting: alertingSection(input) } : {}),
      // Last, since the user's own follow it.
      scrape_configs: components.map((component) => scrapeConfig(input, component)),
    },
    { lineWidth: 0 },
  );
  return own + renderScrapeFiles(input.scrapeFiles, components).replace(/^(?=.)/gm, '  ');
}

/** A scrape must end before the next begins; 10 s is Prometheus' own default. */
function globalSection(scrapeIntervalMs: number): object {
  const interval = formatDuration(scrapeIntervalMs);
  return {
    scrape_interval: interval,
    scrape_timeout: formatDuration(Math.min(10_000, scrapeIntervalMs)),
    evaluation_interval: interval,
  };
}

/** Only where a Prometheus knows no flags for it any more: they are deprecated since 3.11. */
function storageSection({ program, retention }: RenderInput): object {
  if (program.flags.includes(retentionFlag)) return {};
  return { storage: { tsdb: { retention: renderRetention(retention) } } };
}

function alertingSection(input: RenderInput): object {
  return { alertmanagers: [{ ...basicAuth(input), ...staticTarget(input, 'alertmanager') }] };
}

/** Pushed series keep the job and instance that they were pushed with. */
function scrapeConfig(input: RenderInput, component: ProcessComponent): object {
  return {
    job_name: component,
    ...(component === 'pushgateway' ? { honor_labels: true } : {}),
    ...basicAuth(input),
    ...staticTarget(input, component),
  };
}

function basicAuth(input: RenderInput): object {
  return { basic_auth: { username: input.user, password_file: passwordPath(input) } };
}

function staticTarget({ stack }: RenderInput, component: ProcessComponent): object {
  return { static_configs: [{ targets: [componentTarget(stack.config, component)] }] };
}

/**
 * rule_files are patterns, and one that matches nothing is no error: under a data root named `a[b]` no rule would be
 * loaded. A star is refused anywhere but in a file's name (config/config.go, patRulePath), so any one character stands for it.
 */
function escapeGlob(path: string): string {
  return path.replace(/[\\?[]/g, '\\$&').replaceAll('*', '?');
}
