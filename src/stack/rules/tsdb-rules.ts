import { formatDuration } from '../../model/duration.ts';
import { rateWindowMs, type RuleGroup, type RuleInput } from './alert-rule.ts';

/** Prometheus' own storage, and the files that it is configured with. */
export function tsdbRules(input: RuleInput): RuleGroup {
  const window = formatDuration(rateWindowMs(input));
  return {
    name: 'holdfast-tsdb',
    rules: [
      {
        alert: 'HoldfastTsdbCompactionFailing',
        expr: increased('prometheus_tsdb_compactions_failed_total'),
        forMs: 0,
        severity: 'critical',
        summary: 'Prometheus cannot compact its blocks.',
        description:
          '{{ $value | humanize }} compactions failed within 3 hours. Until one succeeds the head and the WAL grow.',
      },
      {
        alert: 'HoldfastTsdbReloadFailing',
        expr: increased('prometheus_tsdb_reloads_failures_total'),
        forMs: 0,
        severity: 'critical',
        summary: 'Prometheus cannot load its blocks.',
        description:
          '{{ $value | humanize }} reloads failed within 3 hours. A block may be damaged: it would stop the next start.',
      },
      {
        alert: 'HoldfastTsdbWalCorrupt',
        expr: 'prometheus_tsdb_wal_corruptions_total{job="prometheus"} > 0',
        forMs: 0,
        severity: 'critical',
        summary: 'Prometheus found its WAL damaged and cut it.',
        description:
          'At its last start Prometheus threw away what came after the damaged record, up to 3 hours of samples.',
      },
      {
        alert: 'HoldfastTsdbWalFailing',
        expr: [
          'prometheus_tsdb_wal_writes_failed_total',
          'prometheus_tsdb_wal_truncations_failed_total',
          'prometheus_tsdb_checkpoint_creations_failed_total',
          'prometheus_tsdb_head_truncations_failed_total',
        ]
          .map(increased)
          .join(' or '),
        forMs: 0,
        severity: 'critical',
        summary: 'Prometheus cannot write or shorten its WAL.',
        description: 'Samples of the last hours may not survive a restart, or the WAL grows without end.',
      },
      {
        alert: 'HoldfastTsdbSeriesGrowing',
        expr:
          'prometheus_tsdb_head_series{job="prometheus"} > 50000' +
          ' and prometheus_tsdb_head_series{job="prometheus"} > 2 * (prometheus_tsdb_head_series{job="prometheus"} offset 1d)',
        forMs: 30 * 60_000,
        severity: 'warning',
        summary: 'Prometheus holds twice as many series as a day ago.',
        description: '{{ $value | humanize }} series are in the head. Memory and disk grow with them.',
      },
      {
        alert: 'HoldfastRulesFailing',
        expr: `increase(prometheus_rule_evaluation_failures_total{job="prometheus"}[${window}]) > 0`,
        forMs: rateWindowMs(input),
        severity: 'warning',
        summary: 'Rules cannot be evaluated.',
        description: 'Rules of {{ $labels.rule_group }} fail: their alerts cannot fire.',
      },
      {
        alert: 'HoldfastPrometheusConfigBad',
        expr: 'prometheus_config_last_reload_successful{job="prometheus"} == 0',
        forMs: 5 * 60_000,
        severity: 'warning',
        summary: 'Prometheus refused its config.',
        description: 'Prometheus still runs with the config before it, and would not start with this one.',
      },
    ],
  };
}

function increased(metric: string): string {
  return `increase(${metric}{job="prometheus"}[3h]) > 0`;
}
