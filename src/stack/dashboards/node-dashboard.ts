import type { DashboardSpec } from './dashboard-spec.ts';

const job = 'job="node-exporter"';
const real = `${job},fstype!~"tmpfs|ramfs|squashfs|iso9660"`;

/** The host that the stack runs on. */
export const nodeDashboard: DashboardSpec = {
  uid: 'holdfast-node',
  title: 'Node',
  description: 'Processor, memory, disks and network of the host.',
  sections: [
    {
      title: 'Processor and memory',
      panels: [
        {
          kind: 'graph',
          title: 'CPU by mode',
          unit: 'percentunit',
          width: 12,
          queries: [
            {
              expr: `avg by (mode) (rate(node_cpu_seconds_total{${job},mode!="idle"}[$__rate_interval]))`,
              legend: '{{mode}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Load',
          unit: 'short',
          width: 12,
          queries: [
            { expr: `node_load1{${job}}`, legend: '1m' },
            { expr: `node_load5{${job}}`, legend: '5m' },
            { expr: `node_load15{${job}}`, legend: '15m' },
            { expr: `count(count by (cpu) (node_cpu_seconds_total{${job}}))`, legend: 'cores' },
          ],
        },
        {
          kind: 'graph',
          title: 'Memory',
          unit: 'bytes',
          width: 12,
          queries: [
            { expr: `node_memory_MemTotal_bytes{${job}}`, legend: 'total' },
            { expr: `node_memory_MemTotal_bytes{${job}} - node_memory_MemAvailable_bytes{${job}}`, legend: 'used' },
            { expr: `node_memory_Cached_bytes{${job}}`, legend: 'cached' },
          ],
        },
        {
          kind: 'graph',
          title: 'Swap used',
          unit: 'bytes',
          width: 12,
          queries: [
            { expr: `node_memory_SwapTotal_bytes{${job}} - node_memory_SwapFree_bytes{${job}}`, legend: 'used' },
          ],
        },
      ],
    },
    {
      title: 'Disks',
      panels: [
        {
          kind: 'graph',
          title: 'Space used',
          description: 'A full disk stops Prometheus from storing anything.',
          unit: 'percentunit',
          width: 12,
          queries: [
            {
              expr: `1 - node_filesystem_avail_bytes{${real}} / node_filesystem_size_bytes{${real}}`,
              legend: '{{mountpoint}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Space left',
          unit: 'bytes',
          width: 12,
          queries: [{ expr: `node_filesystem_avail_bytes{${real}}`, legend: '{{mountpoint}}' }],
        },
        {
          kind: 'graph',
          title: 'Read and written per second',
          unit: 'Bps',
          width: 12,
          queries: [
            { expr: `rate(node_disk_read_bytes_total{${job}}[$__rate_interval])`, legend: '{{device}} read' },
            { expr: `rate(node_disk_written_bytes_total{${job}}[$__rate_interval])`, legend: '{{device}} written' },
          ],
        },
        {
          kind: 'graph',
          title: 'Time busy',
          unit: 'percentunit',
          width: 12,
          queries: [{ expr: `rate(node_disk_io_time_seconds_total{${job}}[$__rate_interval])`, legend: '{{device}}' }],
        },
      ],
    },
    {
      title: 'Network',
      panels: [
        {
          kind: 'graph',
          title: 'Received and sent per second',
          unit: 'Bps',
          width: 24,
          queries: [
            {
              expr: `rate(node_network_receive_bytes_total{${job},device!="lo"}[$__rate_interval])`,
              legend: '{{device}} received',
            },
            {
              expr: `rate(node_network_transmit_bytes_total{${job},device!="lo"}[$__rate_interval])`,
              legend: '{{device}} sent',
            },
          ],
        },
      ],
    },
  ],
};
