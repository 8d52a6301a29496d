import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import type { AnsweredWindow, MetricCount } from '../model/inventory.ts';
import type { Window } from '../rules/choose-windows.ts';
import { isBeforeVersion } from '../rules/program-version.ts';

const metricsPerQuery = 40;
const queriesAtOnce = 4;

/** A metric that Prometheus could not count in one window, alone in its query, with its own words. */
export interface UnansweredMetric {
  readonly fromMs: number;
  readonly toMs: number;
  readonly metric: string;
  readonly reason: string;
}

export interface WindowAnswers {
  readonly windows: readonly AnsweredWindow[];
  readonly unanswered: readonly UnansweredMetric[];
}

/** A window, and the metric names to ask for in it. */
export interface WindowQuestion {
  readonly window: Window;
  readonly metrics: readonly string[];
}

export interface AskOptions {
  readonly prometheus: PrometheusReader;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onAnswer?: (done: number, total: number) => void;
}

/**
 * Asks Prometheus for series and samples, metric by metric: count_over_time drops the name, so metrics cannot share one
 * selector. Forty metrics make one query; a query that Prometheus refuses (query.max-samples, a broken chunk) is halved
 * until the metric that it is about stands alone.
 */
export async function askWindows(questions: readonly WindowQuestion[], options: AskOptions): Promise<WindowAnswers> {
  const batches = questions.flatMap(({ window, metrics }, index) =>
    inBatches(metrics).map((batch) => ({ window, batch, index })),
  );
  const found = questions.map((): MetricCount[] => []);
  const unanswered: UnansweredMetric[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let task = batches[next++]; task !== undefined; task = batches[next++]) {
      const answer = await askBatch(task.window, task.batch, options);
      found[task.index]?.push(...answer.counts);
      unanswered.push(...answer.unanswered);
      done += 1;
      options.onAnswer?.(done, batches.length);
    }
  };
  await Promise.all(Array.from({ length: queriesAtOnce }, work));
  const windows = questions.map(({ window }, index) => ({
    fromMs: window.fromMs,
    toMs: window.toMs,
    where: window.where,
    metrics: (found[index] ?? []).sort((a, b) => (a.metric < b.metric ? -1 : 1)),
  }));
  return { windows, unanswered };
}

function inBatches(metrics: readonly string[]): readonly (readonly string[])[] {
  const batches: (readonly string[])[] = [];
  for (let at = 0; at < metrics.length; at += metricsPerQuery) batches.push(metrics.slice(at, at + metricsPerQuery));
  return batches;
}

interface BatchAnswer {
  readonly counts: readonly MetricCount[];
  readonly unanswered: readonly UnansweredMetric[];
}

async function askBatch(window: Window, metrics: readonly string[], options: AskOptions): Promise<BatchAnswer> {
  const range = rangeOf(window, options.version);
  const expression = metrics.map((metric, index) => countExpression(metric, index, range)).join(' or ');
  const answer = await options.prometheus.query(expression, window.toMs - 1, options.signal);
  if (!('failed' in answer)) {
    const values = new Map(answer.map((sample) => [sample.labels['i'] ?? '', sample.value]));
    return { counts: metrics.flatMap((metric, index) => countOf(metric, index, values)), unanswered: [] };
  }
  const [only] = metrics;
  if (metrics.length === 1 && only !== undefined) {
    const reason = answer.failed;
    return { counts: [], unanswered: [{ fromMs: window.fromMs, toMs: window.toMs, metric: only, reason }] };
  }
  const half = Math.ceil(metrics.length / 2);
  const first = await askBatch(window, metrics.slice(0, half), options);
  const second = await askBatch(window, metrics.slice(half), options);
  return {
    counts: [...first.counts, ...second.counts],
    unanswered: [...first.unanswered, ...second.unanswered],
  };
}

/** Range selectors are closed in 2.x and open on the left since 3.0: both come to [fromMs, toMs) at toMs - 1. */
function rangeOf(window: Window, version: string): string {
  const widthMs = window.toMs - window.fromMs;
  return `${Math.max(1, isBeforeVersion(version, '3.0.0') ? widthMs - 1 : widthMs)}ms`;
}

/** The position stands for the metric: a name would have to be escaped in the replacement. */
function countExpression(metric: string, index: number, range: string): string {
  const counted = `count_over_time({__name__=${quoted(metric)}}[${range}])`;
  const samples = `label_replace(sum(${counted}),"i","s${index}","","")`;
  return `${samples} or label_replace(count(${counted}),"i","n${index}","","")`;
}

/** A PromQL string: Go's escapes, with everything outside printable ASCII spelled out. */
function quoted(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') return `\\${character}`;
    return code >= 0x20 && code < 0x7f ? character : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

function countOf(metric: string, index: number, values: ReadonlyMap<string, number>): readonly MetricCount[] {
  const samples = values.get(`s${index}`);
  const series = values.get(`n${index}`);
  return samples === undefined || series === undefined || samples === 0 ? [] : [{ metric, series, samples }];
}
