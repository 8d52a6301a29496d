const nameOfMetric = Buffer.from('__name__');
const nameOfJob = Buffer.from('job');

/** What Prometheus writes of a scrape by itself, also where nothing could be scraped (scrape/scrape.go reportSample). */
const reports: ReadonlySet<string> = new Set([
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
  'scrape_timeout_seconds',
  'scrape_sample_limit',
  'scrape_body_size_bytes',
]);

/** Whose a series is, and whether it came from a scrape, is a report of one, or is `up` itself. */
export interface SeriesKind {
  readonly job: string;
  readonly kind: 'scraped' | 'report' | 'up';
}

export function kindOf(labels: readonly Uint8Array[]): SeriesKind {
  const metric = valueOf(labels, nameOfMetric);
  const job = valueOf(labels, nameOfJob);
  return { job, kind: metric === 'up' ? 'up' : reports.has(metric) ? 'report' : 'scraped' };
}

function valueOf(labels: readonly Uint8Array[], name: Buffer): string {
  for (let index = 0; index < labels.length; index += 2) {
    if (name.equals(labels[index] as Uint8Array)) return Buffer.from(labels[index + 1] as Uint8Array).toString('utf8');
  }
  return '';
}
