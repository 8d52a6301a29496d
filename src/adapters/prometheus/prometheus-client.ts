import * as z from 'zod';
import { hasCode } from '../../errors/holdfast-error.ts';
import { noAnswer, request, type Endpoint, type HttpResponse } from '../http/request.ts';
import { parseAnswer } from '../http/request-json.ts';
import type {
  HeadRange,
  PrometheusReader,
  QueryFailure,
  QuerySample,
  QuerySeries,
  TimeRange,
} from './prometheus-reader.ts';

const queryTimeoutMs = 120_000;

/** Asks Prometheus over its HTTP API, v1. */
export function createPrometheusClient(endpoint: Endpoint): PrometheusReader {
  return {
    isReady: (signal) => isReady(endpoint, signal),
    version: async (signal) => (await get(endpoint, '/api/v1/status/buildinfo', { schema: buildInfo, signal })).version,
    query: (expression, atMs, signal) => query(endpoint, { expression, atMs, signal }),
    listSampleTimes: (selector, atMs, signal) => listSampleTimes(endpoint, { expression: selector, atMs, signal }),
    listMetricNames: (range, signal) => listMetricNames(endpoint, range, signal),
    head: (signal) => head(endpoint, signal),
    countBlocks: (signal) => countBlocks(endpoint, signal),
    startedAtMs: async (signal) =>
      Date.parse((await get(endpoint, '/api/v1/status/runtimeinfo', { schema: runtimeInfo, signal })).startTime),
  };
}

const buildInfo = z.object({ version: z.string().min(1) });
const runtimeInfo = z.object({ startTime: z.iso.datetime({ offset: true }) });
const names = z.array(z.string());
/** An empty head says the end of the newest block, or the greatest and the least int64, which are no sample times. */
const tsdbStatus = z.object({
  headStats: z.object({ numSeries: z.number(), minTime: z.number(), maxTime: z.number() }),
});
const labels = z.record(z.string(), z.string());
const point = z.tuple([z.number(), z.string()]);
const vector = z.object({
  resultType: z.literal('vector'),
  result: z.array(z.object({ metric: labels, value: point })),
});
const matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(
    z.object({
      metric: labels,
      values: z.array(point).default([]),
      histograms: z.array(z.tuple([z.number(), z.unknown()])).default([]),
    }),
  ),
});
const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

async function isReady(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  try {
    return (await request(endpoint, { path: '/-/ready', timeoutMs: 2000, signal })).status === 200;
  } catch (error) {
    if (hasCode(error, 'component-api')) return false;
    throw error;
  }
}

interface Question {
  readonly expression: string;
  readonly atMs: number;
  readonly signal: AbortSignal;
}

async function query(endpoint: Endpoint, question: Question): Promise<readonly QuerySample[] | QueryFailure> {
  const answer = await evaluate(endpoint, question, vector);
  if ('failed' in answer) return answer;
  return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: parseNumber(value[1]) }));
}

async function listSampleTimes(endpoint: Endpoint, question: Question): Promise<readonly QuerySeries[] | QueryFailure> {
  const answer = await evaluate(endpoint, question, matrix);
  if ('failed' in answer) return answer;
  return answer.data.result.map(({ metric, values, histograms }) => ({
    labels: metric,
    timesMs: [...values, ...histograms].map(([seconds]) => Math.round(seconds * 1000)).sort((a, b) => a - b),
  }));
}

/** An `execution` error (422) is the answer to this one query; the component itself is well. */
async function evaluate<T>(
  endpoint: Endpoint,
  question: Question,
  schema: z.ZodType<T>,
): Promise<{ readonly data: T } | QueryFailure> {
  const response = await request(endpoint, {
    path: '/api/v1/query',
    form: { query: question.expression, time: (question.atMs / 1000).toFixed(3), timeout: `${queryTimeoutMs}ms` },
    timeoutMs: queryTimeoutMs,
    signal: question.signal,
  });
  if (response.status === 422) return { failed: failureOf(endpoint, response) };
  return { data: dataOf(endpoint, response, { what: '/api/v1/query', schema }) };
}

async function listMetricNames(endpoint: Endpoint, range: TimeRange, signal: AbortSignal): Promise<readonly string[]> {
  const path = `/api/v1/label/__name__/values?start=${(range.fromMs / 1000).toFixed(3)}&end=${(range.toMs / 1000).toFixed(3)}`;
  return get(endpoint, path, { schema: names, signal, timeoutMs: 60_000 });
}

async function head(endpoint: Endpoint, signal: AbortSignal): Promise<HeadRange> {
  const { headStats } = await get(endpoint, '/api/v1/status/tsdb', { schema: tsdbStatus, signal, timeoutMs: 60_000 });
  const isEmpty = headStats.numSeries === 0 || !Number.isSafeInteger(headStats.maxTime);
  return {
    minMs: isEmpty ? null : headStats.minTime,
    maxMs: isEmpty ? null : headStats.maxTime,
    series: headStats.numSeries,
  };
}

/** From its own metrics: no part of the API says it. */
async function countBlocks(endpoint: Endpoint, signal: AbortSignal): Promise<number> {
  const { status, text } = await request(endpoint, { path: '/metrics', timeoutMs: 60_000, signal });
  const found = /^prometheus_tsdb_blocks_loaded (\S+)$/m.exec(text)?.[1];
  if (status === 200 && found !== undefined) return Number(found);
  throw noAnswer(endpoint, `/metrics (status ${status}) does not say how many blocks are loaded`);
}

interface GetOptions<T> {
  readonly schema: z.ZodType<T>;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

async function get<T>(endpoint: Endpoint, path: string, options: GetOptions<T>): Promise<T> {
  const response = await request(endpoint, { path, timeoutMs: options.timeoutMs ?? 10_000, signal: options.signal });
  return dataOf(endpoint, response, { what: path.split('?', 1)[0] ?? path, schema: options.schema });
}

function dataOf<T>(
  endpoint: Endpoint,
  response: HttpResponse,
  expected: { readonly what: string; readonly schema: z.ZodType<T> },
): T {
  if (response.status !== 200) {
    throw noAnswer(endpoint, `${expected.what} answers status ${response.status}: ${failureOf(endpoint, response)}`);
  }
  const envelope = z.object({ status: z.literal('success'), data: expected.schema });
  return (parseAnswer(endpoint, response.text, { what: expected.what, schema: envelope }) as { data: T }).data;
}

function failureOf(endpoint: Endpoint, response: HttpResponse): string {
  try {
    return parseAnswer(endpoint, response.text, { what: 'the error', schema: failure }).error.slice(0, 500);
  } catch {
    return response.text.slice(0, 200).trim();
  }
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text);
}
