import type { DashboardSpec, PanelSpec } from './dashboard-spec.ts';

const job = 'job="prometheus"';

/** What Prometheus takes in, holds and answers. */
export const prometheusDashboard: DashboardSpec = {
  uid: 'holdfast-prometheus',
  title: 'Prometheus',
  description: 'Ingestion, storage, rules and queries of Prometheus itself.',
  sections: [
    { title: 'Ingestion', panels: ingestionPanels() },
    { title: 'Storage', panels: storagePanels() },
    { title: 'Rules and queries', panels: queryPanels() },
  ],
};

function ingestionPanels(): readonly PanelSpec[] {
  return [
    {
      kind: 'graph',
      title: 'Samples appended per second',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `sum(rate(prometheus_tsdb_head_samples_appended_total{${job}}[$__rate_interval]))`,
          legend: 'samples/s',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Samples thrown away per second',
      unit: 'short',
      width: 12,
      queries: (['out_of_bounds', 'out_of_order', 'duplicate_timestamp'] as const).map((reason) => ({
        expr: `rate(prometheus_target_scrapes_sample_${reason}_total{${job}}[$__rate_interval])`,
        legend: reason.replaceAll('_', ' '),
      })),
    },
    {
      kind: 'graph',
      title: 'Longest scrape by job',
      unit: 's',
      width: 12,
      queries: [{ expr: 'max by (job) (scrape_duration_seconds)', legend: '{{job}}' }],
    },
    {
      kind: 'graph',
      title: 'Samples per scrape by job',
      unit: 'short',
      width: 12,
      queries: [{ expr: 'sum by (job) (scrape_samples_scraped)', legend: '{{job}}' }],
    },
  ];
}

function storagePanels(): readonly PanelSpec[] {
  return [
    {
      kind: 'graph',
      title: 'Series in the head',
      unit: 'short',
      width: 12,
      queries: [{ expr: `prometheus_tsdb_head_series{${job}}`, legend: 'series' }],
    },
    {
      kind: 'graph',
      title: 'On disk',
      unit: 'bytes',
      width: 12,
      queries: [
        { expr: `prometheus_tsdb_storage_blocks_bytes{${job}}`, legend: 'blocks' },
        { expr: `prometheus_tsdb_wal_storage_size_bytes{${job}}`, legend: 'WAL' },
        { expr: `prometheus_tsdb_head_chunks_storage_size_bytes{${job}}`, legend: 'head chunks' },
        { expr: `prometheus_tsdb_retention_limit_bytes{${job}} > 0`, legend: 'size retention' },
      ],
    },
    {
      kind: 'graph',
      title: 'Blocks',
      unit: 'none',
      width: 12,
      queries: [{ expr: `prometheus_tsdb_blocks_loaded{${job}}`, legend: 'loaded' }],
    },
    {
      kind: 'graph',
      title: 'Compactions, retentions and failures per hour',
      description: 'A retention deletes the blocks that have grown too old or too large.',
      unit: 'short',
      width: 12,
      queries: [
        ['compactions', 'compactions_total'],
        ['time retentions', 'time_retentions_total'],
        ['size retentions', 'size_retentions_total'],
        ['failed compactions', 'compactions_failed_total'],
        ['failed reloads', 'reloads_failures_total'],
        ['WAL corruptions', 'wal_corruptions_total'],
      ].map(([legend = '', metric = '']) => ({ expr: `increase(prometheus_tsdb_${metric}{${job}}[1h])`, legend })),
    },
  ];
}

function queryPanels(): readonly PanelSpec[] {
  return [
    {
      kind: 'graph',
      title: 'Longest rule group',
      unit: 's',
      width: 12,
      queries: [{ expr: `topk(5, prometheus_rule_group_last_duration_seconds{${job}})`, legend: '{{rule_group}}' }],
    },
    {
      kind: 'graph',
      title: 'Rule failures per second',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `sum by (rule_group) (rate(prometheus_rule_evaluation_failures_total{${job}}[$__rate_interval]))`,
          legend: '{{rule_group}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Requests per second',
      unit: 'reqps',
      width: 12,
      queries: [
        {
          expr: `sum by (handler) (rate(prometheus_http_requests_total{${job}}[$__rate_interval])) > 0`,
          legend: '{{handler}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Query time, 90 of 100',
      unit: 's',
      width: 12,
      queries: [
        {
          expr: `max by (slice) (prometheus_engine_query_duration_seconds{${job},quantile="0.9"})`,
          legend: '{{slice}}',
        },
      ],
    },
  ];
}
