import { formatDuration } from '../model/duration.ts';
import type { EffectiveRetention } from '../model/retention.ts';

/** The flag that a Prometheus has while retention is said by flags. */
export const retentionFlag = 'storage.tsdb.retention.time';

/**
 * Retention in Prometheus' words. Time is always said: Prometheus takes 15 days where neither is (cmd/prometheus/main.go).
 * It takes at most 100 years. A fraction of a millisecond or byte is rounded up, so that nothing falls early.
 */
export function renderRetention({ timeMs, sizeBytes }: EffectiveRetention): {
  readonly time: string;
  readonly size?: string;
} {
  const boundedMs = timeMs === 0 ? hundredYearsMs : Math.min(Math.ceil(timeMs), hundredYearsMs);
  const time = formatDuration(boundedMs);
  return sizeBytes === 0 ? { time } : { time, size: `${Math.ceil(sizeBytes)}B` };
}

const hundredYearsMs = 100 * 365 * 86_400_000;
