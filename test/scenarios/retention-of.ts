import type { Asker } from '../harness/ask-components.ts';
import { dayMs } from '../harness/make-blocks.ts';

const unitMs: Readonly<Record<string, number>> = {
  y: 365 * dayMs,
  w: 7 * dayMs,
  d: dayMs,
  h: dayMs / 24,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/** How many days the running Prometheus keeps, as it says itself; Prometheus writes durations as `1y2w3d4h5m6s7ms`. */
export async function readRetentionDays(asker: Asker): Promise<number> {
  const { data } = JSON.parse(await asker.get('prometheus', '/api/v1/status/flags')) as {
    readonly data: Readonly<Record<string, string>>;
  };
  const text = data['storage.tsdb.retention.time'] ?? '';
  const parts = [...text.matchAll(/(\d+)(ms|[ywdhms])/g)];
  if (parts.length === 0) throw new Error(`Prometheus keeps "${text}".`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? NaN), 0) / dayMs;
}
