import { processComponents } from '../../model/component.ts';
import { formatDuration } from '../../model/duration.ts';
import { rateWindowMs, type RuleGroup, type RuleInput } from './alert-rule.ts';

/** The stack's own components, the user's targets, and the case that nothing answers at all. */
export function targetRules(input: RuleInput): RuleGroup {
  const fewScrapesMs = Math.max(60_000, 4 * input.scrapeIntervalMs);
  const window = formatDuration(rateWindowMs(input));
  return {
    name: 'holdfast-targets',
    rules: [
      {
        alert: 'HoldfastComponentDown',
        expr: `up{job=~"${processComponents.join('|')}"} == 0`,
        forMs: fewScrapesMs,
        severity: 'critical',
        summary: '{{ $labels.job }} does not answer.',
        description: 'Prometheus cannot scrape {{ $labels.job }} at {{ $labels.instance }}.',
      },
      {
        alert: 'HoldfastComponentMissing',
        expr: input.present.map((component) => `absent(up{job="${component}"})`).join(' or '),
        forMs: fewScrapesMs,
        severity: 'critical',
        summary: '{{ $labels.job }} is not scraped at all.',
        description: 'Prometheus has no target of the job {{ $labels.job }}, which is part of the stack.',
      },
      {
        alert: 'HoldfastTargetDown',
        expr: `up{job!~"${processComponents.join('|')}"} == 0`,
        forMs: Math.max(5 * 60_000, fewScrapesMs),
        severity: 'warning',
        summary: '{{ $labels.job }} at {{ $labels.instance }} does not answer.',
        description: 'Prometheus cannot scrape this target; its series have a gap until it can.',
      },
      {
        alert: 'HoldfastAllTargetsSilent',
        expr: 'absent(up == 1)',
        forMs: fewScrapesMs,
        severity: 'critical',
        summary: 'No target answers.',
        description: 'Not one scrape succeeds: nothing is being recorded, and every graph has a gap from now on.',
      },
      {
        alert: 'HoldfastNoSamples',
        expr:
          `sum(rate(prometheus_tsdb_head_samples_appended_total{job="prometheus"}[${window}])) == 0` +
          ' or absent(prometheus_tsdb_head_samples_appended_total{job="prometheus"})',
        forMs: fewScrapesMs,
        severity: 'critical',
        summary: 'Prometheus stores no samples.',
        description: 'Prometheus runs, but no sample reaches its head. It answers queries from what it had before.',
      },
      {
        alert: 'HoldfastSamplesRejected',
        expr: [
          'prometheus_target_scrapes_sample_out_of_bounds_total',
          'prometheus_target_scrapes_sample_out_of_order_total',
          'prometheus_target_scrapes_sample_duplicate_timestamp_total',
        ]
          .map((metric) => `rate(${metric}{job="prometheus"}[${window}]) > 0`)
          .join(' or '),
        forMs: Math.max(10 * 60_000, fewScrapesMs),
        severity: 'warning',
        summary: 'Prometheus throws scraped samples away.',
        description:
          'Samples come with a time that Prometheus does not take: too old, out of order, or twice the same.',
      },
    ],
  };
}
