import { expect, test } from 'vitest';
import { parsePrometheusHead, type PrometheusHead } from './read-prometheus-head.ts';
import { followSampleFlow, rejectedSince, silentSinceMs } from './sample-flow.ts';

const intervalMs = 15_000;
const head = (appended: number, newestSampleMs: number | null = null): PrometheusHead => ({
  newestSampleMs,
  appended,
  outOfBounds: 0,
  outOfOrder: 0,
  walWritesFailed: 0,
});

test('no samples counts from two scrape intervals and five seconds after the start', () => {
  const flow = followSampleFlow(undefined, { startedAtMs: 0, head: head(0), nowMs: 1_000 });
  expect(silentSinceMs(flow, intervalMs, 35_000)).toBeNull();
  expect(silentSinceMs(flow, intervalMs, 35_001)).toBe(0);
});

test('samples come in as long as their number grows', () => {
  let flow = followSampleFlow(undefined, { startedAtMs: 0, head: head(0), nowMs: 0 });
  for (let nowMs = 15_000; nowMs <= 90_000; nowMs += 15_000) {
    flow = followSampleFlow(flow, { startedAtMs: 0, head: head(nowMs), nowMs });
    expect(silentSinceMs(flow, intervalMs, nowMs)).toBeNull();
  }
  const stopped = followSampleFlow(flow, { startedAtMs: 0, head: head(90_000), nowMs: 130_000 });
  expect(silentSinceMs(stopped, intervalMs, 130_000)).toBe(90_000);
});

test('an instance that is taken over is judged by its newest sample, unless that lies in the future', () => {
  const fresh = followSampleFlow(undefined, { startedAtMs: 0, head: head(50, 995_000), nowMs: 1_000_000 });
  expect(silentSinceMs(fresh, intervalMs, 1_000_000)).toBeNull();
  const future = followSampleFlow(undefined, { startedAtMs: 0, head: head(0, 2_000_000), nowMs: 1_000_000 });
  expect(silentSinceMs(future, intervalMs, 1_000_000)).toBe(0);
});

test('a new instance begins anew', () => {
  const old = followSampleFlow(undefined, { startedAtMs: 0, head: head(50, 1_000), nowMs: 1_000 });
  const next = followSampleFlow(old, { startedAtMs: 500_000, head: head(0), nowMs: 500_100 });
  expect(silentSinceMs(next, intervalMs, 530_000)).toBeNull();
});

test('reads the head of 2.x and of 3.x, and an empty one', () => {
  const two = 'prometheus_tsdb_head_max_time 1.795483245123e+12\nprometheus_tsdb_head_samples_appended_total 12\n';
  expect(parsePrometheusHead(two)).toMatchObject({ newestSampleMs: 1_795_483_245_123, appended: 12 });
  const three =
    'prometheus_tsdb_head_max_time -9.223372036854776e+18\nprometheus_tsdb_head_samples_appended_total{type="float"} 3\nprometheus_tsdb_head_samples_appended_total{type="histogram"} 4\nprometheus_target_scrapes_sample_out_of_bounds_total 7\n';
  expect(parsePrometheusHead(three)).toEqual({
    newestSampleMs: null,
    appended: 7,
    outOfBounds: 7,
    outOfOrder: 0,
    walWritesFailed: 0,
  });
  expect(parsePrometheusHead('node_cpu_seconds_total 1')).toBeUndefined();
});

test('only what was rejected since the last stored sample explains a silence', () => {
  const rejecting = (appended: number, outOfBounds: number) => ({ ...head(appended), outOfBounds });
  const first = followSampleFlow(undefined, { startedAtMs: 0, head: rejecting(0, 3), nowMs: 0 });
  expect(rejectedSince(first).outOfBounds).toBe(3);
  const grown = followSampleFlow(first, { startedAtMs: 0, head: rejecting(9, 5), nowMs: 1 });
  expect(rejectedSince(followSampleFlow(grown, { startedAtMs: 0, head: rejecting(9, 7), nowMs: 2 })).outOfBounds).toBe(
    2,
  );
});
