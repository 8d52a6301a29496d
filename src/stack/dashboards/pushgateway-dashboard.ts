import type { DashboardSpec } from './dashboard-spec.ts';

const job = 'job="pushgateway"';

/** Who pushes, when they last did, and whether it was taken. */
export const pushgatewayDashboard: DashboardSpec = {
  uid: 'holdfast-pushgateway',
  title: 'Pushgateway',
  description: 'Groups that batch jobs have pushed. Their series carry the job that pushed them.',
  sections: [
    {
      title: 'Groups',
      panels: [
        {
          kind: 'number',
          title: 'Groups',
          unit: 'none',
          width: 8,
          queries: [{ expr: 'count(push_time_seconds) or vector(0)', legend: '' }],
        },
        {
          kind: 'number',
          title: 'Groups whose last push was refused',
          unit: 'none',
          width: 8,
          queries: [{ expr: 'count(push_failure_time_seconds > push_time_seconds) or vector(0)', legend: '' }],
          red: { from: 1 },
        },
        {
          kind: 'number',
          title: 'Oldest push',
          unit: 's',
          width: 8,
          queries: [{ expr: 'max(time() - (push_time_seconds > 0))', legend: '' }],
        },
        {
          kind: 'graph',
          title: 'Time since the last push by job',
          unit: 's',
          width: 12,
          queries: [{ expr: 'max by (job) (time() - (push_time_seconds > 0))', legend: '{{job}}' }],
        },
        {
          kind: 'graph',
          title: 'Samples shown',
          unit: 'none',
          width: 12,
          queries: [{ expr: `scrape_samples_scraped{${job}}`, legend: 'samples' }],
        },
      ],
    },
    {
      title: 'Pushgateway itself',
      panels: [
        {
          kind: 'graph',
          title: 'Requests per second',
          unit: 'reqps',
          width: 12,
          queries: [
            {
              expr: `sum by (handler, code) (rate(pushgateway_http_requests_total{${job}}[$__rate_interval]))`,
              legend: '{{handler}} {{code}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Memory',
          unit: 'bytes',
          width: 12,
          queries: [{ expr: `process_resident_memory_bytes{${job}}`, legend: 'resident' }],
        },
      ],
    },
  ],
};
