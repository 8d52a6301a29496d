import { request, type Endpoint } from '../adapters/http/request.ts';

/** What Prometheus says of its own head, from its /metrics: cheap for it, whatever the number of series. */
export interface PrometheusHead {
  /** Newest sample in the head, or null where it is empty. */
  readonly newestSampleMs: number | null;
  /** Samples appended since the process started. */
  readonly appended: number;
  /** Samples refused as lying before the head's valid time, which a block in the future moves ahead of now. */
  readonly outOfBounds: number;
  readonly outOfOrder: number;
  /** Writes to the WAL that failed since the process started, as on a full disk: its repair then deletes what came later. */
  readonly walWritesFailed: number;
}

export async function readPrometheusHead(endpoint: Endpoint, signal: AbortSignal): Promise<PrometheusHead | undefined> {
  const limits = { timeoutMs: 4_000, maxBytes: 16 * 2 ** 20, signal };
  const answer = await request(endpoint, { path: '/metrics', ...limits }).catch(() => undefined);
  return answer?.status === 200 ? parsePrometheusHead(answer.text) : undefined;
}

/** From the text exposition format; undefined where it is not Prometheus that speaks. */
export function parsePrometheusHead(text: string): PrometheusHead | undefined {
  const maxTime = readMetric(text, 'prometheus_tsdb_head_max_time');
  const appended = sumMetric(text, 'prometheus_tsdb_head_samples_appended_total');
  if (maxTime === undefined || appended === undefined) return undefined;
  return {
    // An empty head says the smallest integer.
    newestSampleMs: maxTime > 0 ? maxTime : null,
    appended,
    // A scrape counts in both, a rule's sample in the first alone.
    outOfBounds: Math.max(
      sumMetric(text, 'prometheus_tsdb_out_of_bound_samples_total') ?? 0,
      sumMetric(text, 'prometheus_target_scrapes_sample_out_of_bounds_total') ?? 0,
    ),
    outOfOrder: sumMetric(text, 'prometheus_target_scrapes_sample_out_of_order_total') ?? 0,
    walWritesFailed: sumMetric(text, 'prometheus_tsdb_wal_writes_failed_total') ?? 0,
  };
}

function readMetric(text: string, name: string): number | undefined {
  return listValues(text, name)[0];
}

function sumMetric(text: string, name: string): number | undefined {
  const values = listValues(text, name);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** Values of all series of a metric: 3.x puts a `type` label on what 2.x has without labels. */
function listValues(text: string, name: string): readonly number[] {
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{[^\\n]*\\})? (\\S+)`, 'gm'));
  return [...lines].map((line) => Number(line[1])).filter((value) => !Number.isNaN(value));
}
