/** One element of an instant vector. Numbers are as Prometheus says them, `+Inf` and `NaN` included. */
export interface QuerySample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One series of a range vector: the times of its raw samples, in ms, ascending. */
export interface QuerySeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly timesMs: readonly number[];
}

/** Times of the oldest and newest sample in the head; null where it is empty. */
export interface HeadRange {
  readonly minMs: number | null;
  readonly maxMs: number | null;
  readonly series: number;
}

export interface TimeRange {
  readonly fromMs: number;
  /** Inclusive. */
  readonly toMs: number;
}

/** Prometheus refused to evaluate one query: too many samples, a broken chunk. Everything else is `component-api`. */
export interface QueryFailure {
  readonly failed: string;
}

/** What can be asked of a running Prometheus. Every method throws `component-api` where it does not answer. */
export interface PrometheusReader {
  /** False where it does not answer, or says it is not ready. Never throws but `cancelled`. */
  isReady(signal: AbortSignal): Promise<boolean>;
  /** As `2.42.0`. */
  version(signal: AbortSignal): Promise<string>;
  /** An instant query at one evaluation time. */
  query(expression: string, atMs: number, signal: AbortSignal): Promise<readonly QuerySample[] | QueryFailure>;
  /** The times of the raw samples of a range selector, as `up[5m]`. */
  listSampleTimes(selector: string, atMs: number, signal: AbortSignal): Promise<readonly QuerySeries[] | QueryFailure>;
  /** Metric names that may have samples in the range: Prometheus answers by block, so there can be more. */
  listMetricNames(range: TimeRange, signal: AbortSignal): Promise<readonly string[]>;
  head(signal: AbortSignal): Promise<HeadRange>;
  /** How many blocks it has open. */
  countBlocks(signal: AbortSignal): Promise<number>;
  /** When the process started, from its runtime information; whole seconds at best. */
  startedAtMs(signal: AbortSignal): Promise<number>;
}
