/**
 * The head of a data directory as blocks. A Prometheus 2 and a current one are given everything that a head can hold: floats
 * with stale markers and every kind of NaN, native histograms of integers and floats, of counters that are reset and of
 * gauges, with buckets that come and go and custom ones, samples out of order, deletions; they are restarted, so that chunks
 * are mapped and segments pile up, compacted, so that there is a checkpoint, and killed. Then our writer makes blocks of what
 * lies there, without a Prometheus. Our inventory of the blocks is that of the head, our check finds them whole, promtool
 * reads them, and a Prometheus that opens them answers what one that replays the head answers: every sample, every bucket,
 * and rates across resets.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TsdbInventory, TsdbWindow } from '../../src/model/tsdb-inventory.ts';
import { BlockReader } from '../../src/tsdb/block/block-reader.ts';
import { readMetas } from '../../src/tsdb/block/read-metas.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { renderLabels } from '../../src/tsdb/findings.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { performTask } from '../../src/tsdb/perform-task.ts';
import type { TsdbMessage } from '../../src/tsdb/tsdb-task.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { writeHeadBlocks, type HeadBlocks } from '../../src/tsdb/write/write-head-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { checkDirectory } from './check-directory.ts';
import { openFixture, pushRounds, type Fixture } from './prometheus.ts';
import { remoteWrite, type WrittenHistogram, type WrittenSeries } from './remote-write.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const prometheus2 = join(programs ?? '', 'prometheus');
const promtool = join(programs ?? '', 'promtool');
const prometheus3 = process.env['HOLDFAST_TEST_PROMETHEUS3'] ?? '';
const missing = process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'];
const run = promisify(execFile);
const windowMs = 7_200_000;
const minuteMs = 60_000;
const stepMs = 15_000;
const baseMs = Math.floor((Date.now() - 24 * 3_600_000) / windowMs) * windowMs;
const features2 = '--enable-feature=native-histograms,remote-write-receiver,exemplar-storage';

const lateConfig = { storage: { tsdb: { out_of_order_time_window: '10d' } } };

interface Kind {
  readonly name: string;
  readonly program: string;
  readonly flags: readonly string[];
  /** Programs that can read what it wrote. */
  readonly readers: readonly string[];
  readonly isCurrent: boolean;
}

const startTimes =
  '--enable-feature=xor2-encoding,histograms-st-encoding,st-storage,metadata-wal-records,exemplar-storage';
const current = ['--web.enable-remote-write-receiver', '--web.enable-otlp-receiver'];
const kinds: readonly Kind[] = [
  { name: 'a Prometheus 2, snappy', program: prometheus2, flags: [features2], readers: ['2', '3'], isCurrent: false },
  {
    name: 'a Prometheus 2, uncompressed',
    program: prometheus2,
    flags: [features2, '--no-storage.tsdb.wal-compression'],
    readers: ['2', '3'],
    isCurrent: false,
  },
  {
    name: 'a current one, zstd',
    program: prometheus3,
    flags: [...current, '--storage.tsdb.wal-compression-type=zstd'],
    readers: ['3'],
    isCurrent: true,
  },
  {
    name: 'a current one with start times, uncompressed',
    program: prometheus3,
    flags: [...current, '--no-storage.tsdb.wal-compression', startTimes],
    readers: ['3'],
    isCurrent: true,
  },
];

describe.skipIf(programs === undefined || prometheus3 === '').each(kinds)(
  `the head of $name${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  ({ program, flags, readers, isCurrent }) => {
    let source: Fixture;
    const what = isCurrent ? 'all' : 'histograms';
    const hasStartTimes = flags.includes(startTimes);

    beforeAll(async () => {
      source = await openFixture({ program, flags, config: lateConfig });
    });
    afterAll(async () => source.cleanUp());

    test('of two windows, with mapped chunks, samples out of order and deletions, as it is after a kill', async () => {
      await source.start();
      await writeRounds(source, { fromMs: baseMs + 30 * minuteMs, rounds: 440, what: what });
      await source.stop();
      await source.start();
      await writeRounds(source, { fromMs: baseMs + 140 * minuteMs, rounds: 200, what: what });
      // Counters that say when they began, which the other way in does not take.
      if (isCurrent) {
        await pushRounds(source, { fromMs: baseMs + 150 * minuteMs, rounds: 150, everyMs: stepMs });
        await compareWithSnapshot(source, hasStartTimes);
      }
      await writeLate(source, isCurrent);
      await remove(source, '{__name__="floats",n="1"}', [baseMs + 60 * minuteMs, baseMs + 70 * minuteMs]);
      // Where something came late as well, Prometheus 3 hides it until it has cut a block (late-under-deletion.test.ts).
      await remove(source, '{__name__="integers"}', [baseMs + 31 * minuteMs, baseMs + 34 * minuteMs]);
      await source.stop('SIGKILL');
      expect(await bytesIn(join(source.data, 'chunks_head'))).toBeGreaterThan(10_000);
      const { into, written } = await convert(source, 'first');
      expect(written.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(written.outOfOrderSamples).toBeGreaterThan(isCurrent ? 300 : 200);
      expect(written.blocks.map(({ minTime }) => minTime)).toEqual([baseMs, baseMs + windowMs]);
      await failHalfWay(source);
      await compare(source, into, readers);
    });

    // A Prometheus 2 cannot cut a head with histograms that were reset (`detected unexpected counter reset in histogram`).
    test('behind blocks, with a checkpoint, many segments and a torn end', async () => {
      const behind = await openFixture({ program, flags, config: lateConfig });
      const what = isCurrent ? 'all' : 'floats';
      try {
        await behind.start();
        for (let at = 0; at < 5; at += 1) {
          await writeRounds(behind, { fromMs: baseMs + (50 + 20 * at) * minuteMs, rounds: 80, what });
          await behind.stop();
          await behind.start();
        }
        await writeRounds(behind, { fromMs: baseMs + 150 * minuteMs, rounds: 400, what });
        const hasCheckpoint = async (): Promise<boolean> =>
          (await readdir(join(behind.data, 'wal'))).some((name) => /^checkpoint\.\d+$/.test(name));
        await waitFor('there is a checkpoint', hasCheckpoint, { timeoutMs: 150_000, everyMs: 500 });
        await writeRounds(behind, { fromMs: baseMs + 250 * minuteMs, rounds: 80, what });
        await remove(behind, '{__name__=~"fractions|floats",n!="0"}', [
          baseMs + 255 * minuteMs,
          baseMs + 260 * minuteMs,
        ]);
        await behind.stop('SIGKILL');
        await tearWal(behind.data);
        const { into, written } = await convert(behind, 'second');
        expect(written.findings.map(({ rule }) => rule)).toContain('torn-tail');
        expect(written.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect((await blocksIn(into)).length).toBeGreaterThan(written.blocks.length);
        await compare(behind, into, readers);
        await goOn(into, program, flags);
      } finally {
        await behind.cleanUp();
      }
    });
  },
);

interface Rounds {
  readonly fromMs: number;
  readonly rounds: number;
  readonly what: What;
}

/** What it can take: custom buckets are of Prometheus 3. */
type What = 'floats' | 'histograms' | 'all';

/** Each round one sample of every series, 15 seconds after the one before. */
async function writeRounds(fixture: Fixture, { fromMs, rounds, what }: Rounds): Promise<void> {
  const inOne = 40;
  for (let round = 0; round < rounds; round += inOne) {
    const times = Array.from({ length: Math.min(inOne, rounds - round) }, (_, at) => fromMs + (round + at) * stepMs);
    await remoteWrite(fixture, seriesAt(times, what));
  }
}

const numbers = [NaN, Infinity, -Infinity, -0, 1e-300, 5, 5, 5];

function seriesAt(times: readonly number[], what: What): readonly WrittenSeries[] {
  const round = (timeMs: number): number => Math.round((timeMs - baseMs) / stepMs);
  const of = (name: string, job: string, make: (timeMs: number, round: number) => WrittenHistogram): WrittenSeries => ({
    labels: { __name__: name, job },
    histograms: times.map((timeMs) => make(timeMs, round(timeMs))),
  });
  const floats = Array.from({ length: 6 }, (_, n): WrittenSeries => ({
    labels: { __name__: 'floats', job: `job${n % 2}`, n: String(n), text: 'é"\\' },
    samples: times
      .filter((timeMs) => n !== 5 || round(timeMs) % 50 < 40)
      .map((timeMs) => ({
        timeMs,
        value:
          n === 2 && round(timeMs) % 17 === 0
            ? 'stale'
            : n === 3
              ? (numbers[round(timeMs) % numbers.length] ?? 0)
              : n === 4
                ? round(timeMs) % 90
                : Math.sin(round(timeMs) * (n + 1)) * 1e6,
      })),
  }));
  if (what === 'floats') return floats;
  return [
    ...floats,
    of('integers', 'counter', counter),
    of('fractions', 'counter', (timeMs, at) => ({ ...counter(timeMs, at), isFloat: true, sum: at / 3 })),
    of('integers', 'gauge', gauge),
    of('fractions', 'gauge', (timeMs, at) => ({ ...gauge(timeMs, at), isFloat: true })),
    ...(what === 'all' ? [of('custom', 'counter', custom), of('custom', 'reset', customReset)] : []),
    {
      labels: { __name__: 'either', job: 'mixed' },
      samples: times.filter((timeMs) => isFloatTurn(round(timeMs))).map((timeMs) => ({ timeMs, value: timeMs % 7 })),
      histograms: times.filter((timeMs) => !isFloatTurn(round(timeMs))).map((timeMs) => counter(timeMs, round(timeMs))),
    },
    {
      labels: { __name__: 'ends', job: 'mixed' },
      histograms: times.filter((timeMs) => round(timeMs) % 80 < 40).map((timeMs) => counter(timeMs, round(timeMs))),
      samples: times.filter((timeMs) => round(timeMs) % 80 === 40).map((timeMs) => ({ timeMs, value: 'stale' })),
    },
  ];
}

/** Of a request, floats are taken before histograms, so a series changes only between requests. */
function isFloatTurn(round: number): boolean {
  return Math.floor((round - 120) / 40) % 3 === 1;
}

/** Is reset now and then; buckets come between others, schema and zero bucket change. */
function counter(timeMs: number, round: number): WrittenHistogram {
  const since = round % 90;
  const width = 2 + Math.floor(since / 20);
  return {
    timeMs,
    schema: round % 400 < 300 ? 3 : 2,
    zeroThreshold: round % 500 < 450 ? 2 ** -128 : 0.001,
    zeroCount: since,
    sum: since * 1.5,
    positive: [-1 - Math.floor(since / 30), Array.from({ length: width }, (_, at) => 1 + since * (at % 3))],
    negative: since > 45 ? [4, [since, 0, 2 * since]] : [0, []],
  };
}

function gauge(timeMs: number, round: number): WrittenHistogram {
  const moved = round % 7;
  return { timeMs, hint: 'gauge', schema: 0, sum: moved, positive: [moved - 3, [3, moved, 1]], negative: [0, [moved]] };
}

const bounds = [0.005, 0.1, 1, 2.5, 1e6 / 3];

function custom(timeMs: number, round: number): WrittenHistogram {
  const customValues = round % 200 < 150 ? bounds : bounds.slice(0, 4);
  return { timeMs, schema: -53, sum: round, positive: [0, customValues.map((_, at) => round + at)], customValues };
}

function customReset(timeMs: number, round: number): WrittenHistogram {
  return { ...custom(timeMs, round % 33), hint: round % 33 === 0 ? 'reset' : 'unknown' };
}

/** Between the others, of a time long before, and of the same time as others. */
async function writeLate(fixture: Fixture, isCurrent: boolean): Promise<void> {
  const times = Array.from({ length: 150 }, (_, at) => baseMs + 35 * minuteMs + at * 4 * stepMs + 7000);
  const late: WrittenSeries[] = [0, 2].map((n) => ({
    labels: { __name__: 'floats', job: `job${n % 2}`, n: String(n), text: 'é"\\' },
    samples: times.map((timeMs) => ({ timeMs, value: timeMs % 11 === 0 ? 'stale' : timeMs % 1000 })),
  }));
  if (isCurrent) {
    const histograms = times.map((timeMs) => counter(timeMs, Math.round((timeMs - baseMs) / stepMs)));
    late.push({ labels: { __name__: 'integers', job: 'counter' }, histograms });
  }
  await remoteWrite(fixture, late);
}

async function remove(fixture: Fixture, match: string, [fromMs, toMs]: readonly [number, number]): Promise<void> {
  const words = new URLSearchParams({ 'match[]': match, start: String(fromMs / 1000), end: String(toMs / 1000) });
  const path = `/api/v1/admin/tsdb/delete_series?${words.toString()}`;
  expect((await fixture.ask(path, { method: 'POST' })).status).toBe(204);
}

/** In the middle of a record. */
async function tearWal(data: string): Promise<void> {
  const names = (await readdir(join(data, 'wal'))).filter((name) => /^\d+$/.test(name)).sort();
  const segment = join(data, 'wal', names.at(-1) ?? '');
  await truncate(segment, (await stat(segment)).size - 3);
}

async function bytesIn(directory: string): Promise<number> {
  const sizes = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** A Prometheus on the new blocks takes what comes next, in the window that the newest block ends in. */
async function goOn(into: string, program: string, flags: readonly string[]): Promise<void> {
  const endMs = Math.max(...inventoryOf(into).windows.map(({ lastMs }) => lastMs ?? 0));
  const fixture = await openFixture({ program, flags });
  try {
    await cp(into, fixture.data, { recursive: true });
    await fixture.start();
    const samples = [{ timeMs: endMs + 1000, value: 42 }];
    await remoteWrite(fixture, [{ labels: { __name__: 'floats', job: 'next' }, samples }]);
    const time = String((endMs + 2000) / 1000);
    const found = await resultOf(fixture, '/api/v1/query', { query: 'floats{job="next"}', time });
    expect(found).toMatchObject([{ value: [endMs / 1000 + 2, '42'] }]);
  } finally {
    await fixture.cleanUp();
  }
}

/** Before anything came out of order: sample by sample, with start times, what Prometheus itself makes of its head. */
async function compareWithSnapshot(source: Fixture, hasStartTimes: boolean): Promise<void> {
  const { status, body } = await source.ask('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
  expect({ status, body }).toMatchObject({ status: 200 });
  const { name } = (JSON.parse(body) as { readonly data: { readonly name: string } }).data;
  const into = join(source.directory, 'beside-snapshot');
  await mkdir(into);
  writeHeadBlocks({ ...order, files: quietFiles(source.data), into });
  const [theirs, ours] = [storedIn(join(source.data, 'snapshots', name)), storedIn(into)];
  expect(theirs.size).toBeGreaterThan(5000);
  const withStarts = [...theirs.values()].filter((stored) => !/,0(,(true|false))?\]$/.test(stored));
  expect(withStarts.length).toBe(hasStartTimes ? 150 : 0);
  expect(ours.size).toBe(theirs.size);
  const different = [...theirs].filter(([place, value]) => ours.get(place) !== value);
  expect(different.slice(0, 3).map(([place, value]) => [place, value, ours.get(place)])).toEqual([]);
  await rm(into, { recursive: true });
}

/** Every sample of the blocks of a directory by series and time. */
function storedIn(data: string): ReadonlyMap<string, string> {
  const stored = new Map<string, string>();
  const files = quietFiles(data);
  const onDamage = ({ damage }: { readonly damage: Error }): void => {
    throw damage;
  };
  for (const { ulid, series } of readMetas(files, onDamage)) {
    const reader = new BlockReader(files, ulid, { seriesCount: series, onDamage });
    for (const entry of reader.series()) {
      const labels = renderLabels(entry.labels);
      reader.readSamples(entry, {
        float: (timeMs, high, low, startMs = 0) => {
          stored.set(`${labels} ${timeMs}`, JSON.stringify([high, low, startMs]));
        },
        histogram: (timeMs, sample, isStale, origin) => {
          const { startMs, hint } = origin ?? {};
          stored.set(`${labels} ${timeMs}`, JSON.stringify([isStale ? 'stale' : sample, startMs, hint === 3]));
        },
      });
    }
    reader.close();
  }
  return stored;
}

interface Converted {
  /** A data directory with the blocks of the source and those of its head. */
  readonly into: string;
  readonly written: HeadBlocks;
}

const order = {
  coveredToMs: null,
  newUlid: (atMs: number) => newUlid(atMs, randomBytes(10)),
  onRead: () => undefined,
};

/** Our inventory of the head is that of the blocks, window by window; the source is not changed. */
async function convert(source: Fixture, name: string): Promise<Converted> {
  const into = join(source.directory, name);
  await mkdir(into);
  const written = await writeAsTask(source.data, into);
  expect(written.blocks).toEqual(readMetas(quietFiles(into), () => undefined));
  expect((await readdir(into)).sort()).toEqual(written.blocks.map(({ ulid }) => ulid).sort());
  for (const block of await blocksIn(source.data))
    await cp(join(source.data, block), join(into, block), { recursive: true });
  await mkdir(join(into, 'wal'));
  const [head, blocks] = [inventoryOf(source.data), inventoryOf(into)];
  expect(head.totals.samples).toBeGreaterThan(1000);
  expect(blocks.windows.map(comparable)).toEqual(head.windows.map(comparable));
  expect(blocks.jobs).toEqual(head.jobs);
  expect(blocks.totals).toEqual({ ...head.totals, outOfOrderSamples: 0 });
  const alarms = checkDirectory(into).findings.filter(({ severity }) => severity === 'error');
  expect(alarms).toEqual([]);
  return { into, written };
}

/** As the thread does it. */
async function writeAsTask(directory: string, into: string): Promise<HeadBlocks> {
  const messages: TsdbMessage[] = [];
  await performTask({ kind: 'write-head', directory, coveredToMs: null, into, nowMs: Date.now() }, (message) => {
    messages.push(message);
  });
  const last = messages.at(-1);
  if (last?.type !== 'result') throw new Error(JSON.stringify(last));
  return last.value as HeadBlocks;
}

/** One that fails half-way leaves nothing of its own, and what was there before. */
async function failHalfWay(source: Fixture): Promise<void> {
  const into = join(source.directory, 'failed');
  await mkdir(join(into, 'other'), { recursive: true });
  const ulid = newUlid(Date.now(), randomBytes(10));
  const again = { ...order, newUlid: () => ulid, files: quietFiles(source.data), into };
  expect(() => writeHeadBlocks(again)).toThrow(ulid);
  expect(await readdir(into)).toEqual(['other']);
}

function comparable({ fromMs, series, samples, staleMarkers, digest }: TsdbWindow): unknown {
  return { fromMs, series, samples, staleMarkers, digest };
}

function inventoryOf(data: string): TsdbInventory {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

async function blocksIn(data: string): Promise<readonly string[]> {
  return (await readdir(data)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name));
}

/** A Prometheus on a copy of the source, which replays the head, and one on the blocks alone answer the same. */
async function compare(source: Fixture, into: string, readers: readonly string[]): Promise<void> {
  const { stdout } = await run(promtool, ['tsdb', 'list', into]);
  for (const block of await blocksIn(into)) expect(stdout).toContain(block);
  for (const reader of readers) {
    const program = reader === '2' ? prometheus2 : prometheus3;
    const [theirs, ours] = [await answersFrom(source.data, program), await answersFrom(into, program)];
    expect(Object.values(theirs).flat().length).toBeGreaterThan(15);
    for (const [question, answer] of Object.entries(theirs)) {
      expect({ question, answer: ours[question] }).toEqual({ question, answer });
    }
  }
}

const questions = ['floats[10d]', 'integers[10d]', 'fractions[10d]', '{__name__=~"either|ends|custom"}[10d]'];
const rangeQuestions = [
  'rate(integers{job="counter"}[10m])',
  'rate(fractions{job="counter"}[10m])',
  'histogram_quantile(0.9, rate(integers{job="counter"}[5m]))',
  'increase(floats{n="4"}[20m])',
  'resets(floats[30m])',
  'histogram_count(increase(ends[20m]))',
  'sum by (job) (rate(integers[7m]))',
  'count_over_time(either[13m])',
  'count_over_time(floats[13m])',
  'count_over_time(integers[13m])',
];

async function answersFrom(data: string, program: string): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const flags = program === prometheus2 ? ['--enable-feature=native-histograms'] : [];
  const fixture = await openFixture({ program, flags });
  try {
    await cp(data, fixture.data, { recursive: true });
    await fixture.start();
    const endS = String((baseMs + 24 * 3_600_000) / 1000);
    const answers: Record<string, readonly unknown[]> = {};
    for (const query of questions) answers[query] = await resultOf(fixture, '/api/v1/query', { query, time: endS });
    const range = { start: String(baseMs / 1000), end: String((baseMs + 600 * minuteMs) / 1000), step: '97' };
    for (const query of rangeQuestions) {
      answers[query] = await resultOf(fixture, '/api/v1/query_range', { query, ...range });
    }
    return answers;
  } finally {
    await fixture.cleanUp();
  }
}

async function resultOf(
  fixture: Fixture,
  path: string,
  words: Readonly<Record<string, string>>,
): Promise<readonly unknown[]> {
  const { status, body } = await fixture.ask(`${path}?${new URLSearchParams(words).toString()}`);
  if (status !== 200) throw new Error(`${words['query'] ?? ''}: ${status} ${body}`);
  const { data } = JSON.parse(body) as { readonly data: { readonly result: readonly { readonly metric: object }[] } };
  return data.result.toSorted((one, other) => (JSON.stringify(one.metric) < JSON.stringify(other.metric) ? -1 : 1));
}
