/**
 * Why nothing was written: what a journal says comes first, then what cannot be read, then what the times look like. A job
 * has the reason of the volume where everything stopped, and else what `up` says. What came before the first block is
 * explained by the retention where that reaches as far.
 */
import { describe, expect, test } from 'vitest';
import type { StackOfVolume } from '../model/coverage.ts';
import type { RunSummary } from '../model/run.ts';
import type { CoverageRange, TsdbCoverage, TsdbJobTimes } from '../model/tsdb-coverage.ts';
import { judgeCoverage } from './judge-coverage.ts';

const intervalMs = 15_000;
const hourMs = 3_600_000;
const day0 = Date.UTC(2026, 10, 20);
const nowMs = day0 + 40 * 24 * hourMs;

function range(fromMs: number, toMs: number): CoverageRange {
  return { fromMs: day0 + fromMs, toMs: day0 + toMs, samples: (toMs - fromMs) / intervalMs + 1 };
}

function coverage(ranges: readonly CoverageRange[], more: Partial<TsdbCoverage> = {}): TsdbCoverage {
  const cache = { hits: 0, misses: 0, notes: [] };
  return { all: { intervalMs, ranges }, jobs: [], blocks: [], sizeBytes: 0, findings: [], cache, ...more };
}

function job(ranges: readonly CoverageRange[], down: readonly CoverageRange[] = []): TsdbJobTimes {
  return { job: 'node', intervalMs, ranges, down };
}

function run(verb: RunSummary['verb'], fromMs: number, toMs: number | null): RunSummary {
  const startedAtMs = day0 + fromMs;
  const endedAtMs = toMs === null ? null : day0 + toMs;
  const state = toMs === null ? 'interrupted' : 'done';
  return { run: `run-${verb}`, verb, state, startedAtMs, endedAtMs, message: null, steps: [], damage: [] };
}

function stack(runs: readonly RunSummary[], more: Partial<StackOfVolume> = {}): StackOfVolume {
  return { name: 'monitoring', createdAtMs: day0, retention: { timeMs: 0, sizeBytes: 0, raises: [] }, runs, ...more };
}

const stopAt = 10 * hourMs + 7_000;
const whole = coverage([range(0, stopAt), range(stopAt + hourMs, 20 * hourMs)]);
/** The look comes right behind the last sample. */
const endOf = (of: TsdbCoverage) => of.all.ranges.at(-1)?.toMs ?? nowMs;
const reasons = (of: TsdbCoverage, owner?: StackOfVolume) =>
  judgeCoverage(of, { stack: owner, nowMs: endOf(of) }).gaps.map(({ reason, run: by }) => [reason, by]);

describe('nothing was written at all', () => {
  test('while Prometheus was stopped by a run', () => {
    for (const verb of ['down', 'teardown', 'rebuild'] as const) {
      expect(reasons(whole, stack([run(verb, stopAt - 1000, stopAt + 3000)]))).toEqual([[verb, `run-${verb}`]]);
      // It began when the next scrape was due at the latest.
      expect(reasons(whole, stack([run(verb, stopAt + 14_000, stopAt + 16_000)]))).toEqual([[verb, `run-${verb}`]]);
    }
  });

  test('a run that was over before, began long after, or broke off last month explains nothing', () => {
    for (const [fromMs, toMs] of [
      [stopAt - 9000, stopAt - 1000],
      [stopAt + 20 * 60_000, stopAt + 21 * 60_000],
      [1000, null],
    ] as const) {
      expect(reasons(whole, stack([run('down', fromMs, toMs)]))).toEqual([['prometheus-down', null]]);
    }
  });

  test('the run that stopped it is named, and not the one that started it again', () => {
    const runs = [run('up', stopAt + 30_000, stopAt + 40_000), run('down', stopAt + 1000, stopAt + 9000)];
    expect(reasons(whole, stack(runs))).toEqual([['down', 'run-down']]);
    expect(reasons(whole, stack(runs.slice(0, 1)))).toEqual([['up', 'run-up']]);
    expect(reasons(whole)).toEqual([['prometheus-down', null]]);
  });

  test('where blocks would begin and end, one is missing; where they cannot be read, that is why', () => {
    const lost = coverage([range(0, 4 * hourMs - 8000), range(6 * hourMs + 7000, 20 * hourMs)]);
    expect(reasons(lost)).toEqual([['missing-block', null]]);
    const short = coverage([range(0, 4 * hourMs - 8000), range(5 * hourMs, 20 * hourMs)]);
    expect(reasons(short)).toEqual([['prometheus-down', null]]);
    const finding = {
      rule: 'missing',
      severity: 'error',
      file: 'A/index',
      offset: 0,
      series: null,
      message: '',
      remedy: '',
    } as const;
    const block = { ulid: 'A', fromMs: day0 + 4 * hourMs, toMs: day0 + 6 * hourMs };
    const damaged = { ...lost, blocks: [block], findings: [{ ...finding, fromMs: null, toMs: null }] };
    expect(reasons(damaged)).toEqual([['damage', null]]);
    expect(reasons({ ...whole, blocks: [block], findings: damaged.findings })).toEqual([['prometheus-down', null]]);
  });

  test('before the first block: the retention, where what is kept reaches as far back', () => {
    const month = 30 * 24 * hourMs;
    const kept = coverage([range(month, month + 49 * hourMs)], { sizeBytes: 90 });
    const ofTime = (timeMs: number) => stack([], { retention: { timeMs, sizeBytes: 0, raises: [] } });
    expect(judgeCoverage(kept, { stack: ofTime(50 * hourMs), nowMs: endOf(kept) }).gaps).toMatchObject([
      { fromMs: day0, toMs: day0 + month, reason: 'retention' },
    ]);
    expect(reasons(kept, ofTime(100 * hourMs))).toEqual([]);
    expect(reasons(kept, stack([], { retention: { timeMs: 0, sizeBytes: 100, raises: [] } }))).toEqual([
      ['retention', null],
    ]);
    expect(reasons(kept, stack([], { retention: { timeMs: 0, sizeBytes: 1000, raises: [] } }))).toEqual([]);
    expect(reasons(coverage([range(0, 60 * hourMs)]), ofTime(50 * hourMs))).toEqual([]);
  });

  test('since the last sample: in the volume of a stack alone, from the cut on, and whatever stopped it is named', () => {
    const one = coverage([range(0, 6 * hourMs - 8000)]);
    const lastMs = endOf(one);
    const look = (lateMs: number, owner?: StackOfVolume) =>
      judgeCoverage(one, { stack: owner, nowMs: lastMs + lateMs }).gaps;
    expect(look(4 * intervalMs, stack([]))).toEqual([]);
    expect(look(40 * hourMs)).toEqual([]);
    const open = { fromMs: lastMs, toMs: lastMs + 60_001, isOpen: true, reason: 'prometheus-down', run: null };
    expect(look(60_001, stack([]))).toMatchObject([open]);
    // It began when a block would, and it will not end when one does: no block is missing.
    expect(look(20 * hourMs + 8000, stack([]))).toMatchObject([{ reason: 'prometheus-down', isOpen: true }]);
    const stopped = run('down', 6 * hourMs - 7000, 6 * hourMs);
    expect(look(60_001, stack([stopped]))).toMatchObject([{ ...open, reason: 'down', run: 'run-down' }]);
  });
});

describe('a job', () => {
  const jobGaps = (of: TsdbJobTimes, all = [range(0, 20 * hourMs)]) =>
    judgeCoverage(coverage(all, { jobs: [of] }), { stack: undefined, nowMs }).jobs[0]?.gaps.map(
      ({ fromMs, toMs, reason }) => [(fromMs - day0) / hourMs, (toMs - day0) / hourMs, reason],
    );
  const two = [range(0, 5 * hourMs), range(7 * hourMs, 9 * hourMs)];

  test('has the reason of the volume, that of `up`, or none that is known', () => {
    expect(jobGaps(job(two), two)).toEqual([[5, 7, 'prometheus-down']]);
    expect(jobGaps(job(two, [range(5 * hourMs, 6 * hourMs)]))).toEqual([[5, 7, 'target-down']]);
    expect(jobGaps(job(two))).toEqual([[5, 7, 'unknown']]);
  });

  test('that was written until everything stopped has the gap since then; one that had ended before has none', () => {
    const lastMs = 20 * hourMs;
    const jobs = [job([range(0, lastMs - 30_000)]), job([range(0, 9 * hourMs)])];
    const of = coverage([range(0, lastMs)], { jobs });
    const judged = judgeCoverage(of, { stack: stack([]), nowMs: endOf(of) + hourMs });
    expect(judged.jobs.map(({ gaps }) => gaps)).toMatchObject([
      [{ fromMs: day0 + lastMs - 30_000, toMs: day0 + lastMs + hourMs, isOpen: true, reason: 'prometheus-down' }],
      [],
    ]);
  });

  test('that is written less often than others has the same reason from the first look on', () => {
    const lastMs = 20 * hourMs;
    const seldom = { ...job([range(0, lastMs - 200_000)]), intervalMs: 60_000 };
    const of = coverage([range(0, lastMs)], { jobs: [seldom] });
    for (const lateMs of [61_000, hourMs]) {
      const judged = judgeCoverage(of, { stack: stack([]), nowMs: endOf(of) + lateMs });
      expect(judged.jobs[0]?.gaps).toMatchObject([{ isOpen: true, reason: 'prometheus-down' }]);
    }
  });

  test('that begins and ends has no gap there, but where a scrape failed', () => {
    const one = [range(5 * hourMs, 9 * hourMs)];
    expect(jobGaps(job(one))).toEqual([]);
    expect(jobGaps(job(one, [range(hourMs, 2 * hourMs), range(9 * hourMs, 10 * hourMs)]))).toEqual([
      [1, 5, 'target-down'],
      [9, 10, 'target-down'],
    ]);
    expect(jobGaps(job([], [range(hourMs, 2 * hourMs)]))).toEqual([[1, 2, 'target-down']]);
  });
});
