import { processComponents } from '../../model/component.ts';
import type { DashboardSpec } from './dashboard-spec.ts';

const components = `job=~"${processComponents.join('|')}"`;

/** Is the stack whole, does it store samples, and does anything need a person? */
export const stackDashboard: DashboardSpec = {
  uid: 'holdfast-stack',
  title: 'Stack overview',
  description: 'The components of the stack, what they store, and what needs a look.',
  sections: [
    {
      title: 'Now',
      panels: [
        {
          kind: 'number',
          title: 'Components',
          description: '1 where the component answers.',
          unit: 'none',
          width: 12,
          queries: [{ expr: `max by (job) (up{${components}})`, legend: '{{job}}' }],
          red: { below: 1 },
        },
        {
          kind: 'number',
          title: 'Targets down',
          unit: 'none',
          width: 4,
          queries: [{ expr: 'count(up == 0) or vector(0)', legend: '' }],
          red: { from: 1 },
        },
        {
          kind: 'number',
          title: 'Alerts firing',
          unit: 'none',
          width: 4,
          queries: [{ expr: 'count(ALERTS{alertstate="firing"}) or vector(0)', legend: '' }],
          red: { from: 1 },
        },
        {
          kind: 'number',
          title: 'Oldest sample',
          unit: 's',
          width: 4,
          queries: [{ expr: 'time() - prometheus_tsdb_lowest_timestamp_seconds{job="prometheus"}', legend: '' }],
        },
      ],
    },
    {
      title: 'Samples',
      panels: [
        {
          kind: 'graph',
          title: 'Samples stored per second',
          description: 'A line at zero, or none, is a gap in every other graph.',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: 'sum(rate(prometheus_tsdb_head_samples_appended_total{job="prometheus"}[$__rate_interval]))',
              legend: 'samples/s',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Targets by job',
          unit: 'none',
          width: 12,
          queries: [
            { expr: 'sum by (job) (up)', legend: '{{job}} up' },
            { expr: 'count by (job) (up == 0)', legend: '{{job}} down' },
          ],
        },
        {
          kind: 'graph',
          title: 'Storage of Prometheus',
          unit: 'bytes',
          width: 12,
          queries: [
            { expr: 'prometheus_tsdb_storage_blocks_bytes{job="prometheus"}', legend: 'blocks' },
            { expr: 'prometheus_tsdb_wal_storage_size_bytes{job="prometheus"}', legend: 'WAL' },
            { expr: 'prometheus_tsdb_head_chunks_storage_size_bytes{job="prometheus"}', legend: 'head chunks' },
          ],
        },
        {
          kind: 'graph',
          title: 'Alerts firing',
          unit: 'none',
          width: 12,
          queries: [{ expr: 'sum by (alertname) (ALERTS{alertstate="firing"})', legend: '{{alertname}}' }],
        },
      ],
    },
    {
      title: 'Components',
      panels: [
        {
          kind: 'graph',
          title: 'Memory',
          unit: 'bytes',
          width: 12,
          queries: [{ expr: `max by (job) (process_resident_memory_bytes{${components}})`, legend: '{{job}}' }],
        },
        {
          kind: 'graph',
          title: 'CPU',
          unit: 'percentunit',
          width: 12,
          queries: [
            {
              expr: `sum by (job) (rate(process_cpu_seconds_total{${components}}[$__rate_interval]))`,
              legend: '{{job}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Notifications per minute',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: '60 * sum by (integration) (rate(alertmanager_notifications_total{job="alertmanager"}[$__rate_interval]))',
              legend: '{{integration}} sent',
            },
            {
              expr: '60 * sum by (integration) (rate(alertmanager_notifications_failed_total{job="alertmanager"}[$__rate_interval]))',
              legend: '{{integration}} failed',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Alerts and silences in Alertmanager',
          unit: 'none',
          width: 12,
          queries: [
            { expr: 'sum by (state) (alertmanager_alerts{job="alertmanager"})', legend: 'alerts {{state}}' },
            { expr: 'sum by (state) (alertmanager_silences{job="alertmanager"})', legend: 'silences {{state}}' },
          ],
        },
      ],
    },
  ],
};
