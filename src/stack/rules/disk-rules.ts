import type { RuleGroup } from './alert-rule.ts';

/** Every real file system of the host, the one that the volumes lie on among them. */
export function diskRules(): RuleGroup {
  return {
    name: 'holdfast-disk',
    rules: [
      {
        alert: 'HoldfastDiskFilling',
        expr:
          `predict_linear(node_filesystem_avail_bytes{${real}}[6h], 4 * 86400) < 0` +
          ` and ${free('avail_bytes', 'size_bytes')} < 0.4 and node_filesystem_readonly{${real}} == 0`,
        forMs: 3_600_000,
        severity: 'warning',
        summary: '{{ $labels.mountpoint }} will be full within four days.',
        description: '{{ $labels.device }} on {{ $labels.mountpoint }} fills at the pace of the last 6 hours.',
      },
      {
        alert: 'HoldfastDiskFull',
        expr: `${free('avail_bytes', 'size_bytes')} < 0.05 and node_filesystem_readonly{${real}} == 0`,
        forMs: 5 * 60_000,
        severity: 'critical',
        summary: '{{ $labels.mountpoint }} is nearly full.',
        description:
          '{{ $value | humanizePercentage }} are left. On a full disk Prometheus stores nothing and its WAL tears.',
      },
      {
        alert: 'HoldfastInodesUsedUp',
        expr: `${free('files_free', 'files')} < 0.05 and node_filesystem_readonly{${real}} == 0`,
        forMs: 5 * 60_000,
        severity: 'critical',
        summary: '{{ $labels.mountpoint }} has nearly no inodes left.',
        description:
          '{{ $value | humanizePercentage }} are left. Without one no file can be made, however much space there is.',
      },
    ],
  };
}

/** What lives in memory or cannot be written by nature says nothing about a disk. */
const real = 'job="node-exporter",fstype!~"tmpfs|ramfs|squashfs|iso9660"';

/** File systems that count no inodes have a size of 0, and 0/0 compares as false. */
function free(left: string, all: string): string {
  return `node_filesystem_${left}{${real}} / node_filesystem_${all}{${real}}`;
}
