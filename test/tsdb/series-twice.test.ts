/**
 * A WAL in which a record tells the labels of a series once more: with another reference, as when a series was gone for a
 * while, or with the same one, as when segments were copied. A Prometheus takes what it has replayed of it before for
 * compacted, and drops it; of the head chunks those with the reference of that record take its place. Both Prometheuses are
 * started on such a WAL, and an inventory counts exactly what they answer, our blocks hold it, and what is dropped is said.
 * Of samples that came out of order nobody drops the same ones: they are counted and said, and our blocks hold them all.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { segmentName } from '../../src/tsdb/head/wal-names.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { writeHeadBlocks } from '../../src/tsdb/write/write-head-blocks.ts';
import { writeHeadChunks, writeWal, type HeadChunkToWrite, type WalEntry } from '../harness/write-head.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture, type Fixture } from './prometheus.ts';
import { remoteWrite } from './remote-write.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const program3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const minuteMs = 60_000;
const baseMs = (Math.floor(Date.now() / minuteMs) - 90) * minuteMs;
const config = { storage: { tsdb: { out_of_order_time_window: '1d' } } };

/** A second behind `baseMs` at which the value is the same number, or the value itself beside it. */
type Point = number | readonly [second: number, value: number];
type Step =
  { readonly series: number } | { readonly of: number; readonly points: readonly Point[]; readonly isChunk?: true };
type Story = readonly [name: string, steps: readonly Step[], answer: readonly Point[]];

const series = (reference: number): Step => ({ series: reference });
const at = (reference: number, ...points: readonly Point[]): Step => ({ of: reference, points });
const chunk = (reference: number, ...points: readonly Point[]): Step => ({ of: reference, points, isChunk: true });

const stories: readonly Story[] = [
  ['another reference', [series(1), at(1, 1, 2, 3), series(2), at(2, 4, 5)], [4, 5]],
  ['the same reference', [series(1), at(1, 1, 2, 3), series(1), at(1, 4, 5)], [4, 5]],
  ['the old reference goes on', [series(1), at(1, 1, 2), series(2), at(1, 3), at(2, 4), at(1, 5)], [3, 4, 5]],
  ['an older time behind it', [series(1), at(1, 10), series(2), at(2, 5, 6)], [5, 6]],
  ['another value at the same time', [series(1), at(1, 1, 2), series(2), at(2, [1, 7], 3)], [[1, 7], 3]],
  ['copied whole', [series(1), at(1, 1, 2, 3), series(1), at(1, 1, 2, 3)], [1, 2, 3]],
  ['copied in part', [series(1), at(1, 1, 2, 3, 4), series(1), at(1, 3, 4)], [3, 4]],
  ['three times', [series(1), at(1, 1), series(2), at(2, 2, 3), series(3), at(3, 2, 4)], [2, 4]],
  ['nothing behind it', [series(1), at(1, 1, 2), series(2)], []],
  ['out of the order of time', [series(1), series(2), at(2, 3, 2, 4), at(1, 3, 5)], [3, 4, 5]],
  ['a reference before its record', [series(1), at(1, 1), at(2, 2), series(2), at(2, 3)], [3]],
  ['a chunk of the old reference', [chunk(1, 1, 2), series(1), at(1, 1, 2, 3), series(2), at(2, 4)], [4]],
  ['a chunk of the new one', [chunk(2, 4, 5), series(1), at(1, 1, 2), series(2), at(2, 4, 5, 6)], [4, 5, 6]],
  ['a chunk of the only one', [chunk(1, 1, 2), series(1), at(1, 1, 2, 3), series(1), at(1, 4)], [1, 2, 4]],
  ['chunks of both', [chunk(1, 1, 2), chunk(2, 3, 4), series(1), at(1, 1, 2), series(2), at(2, 3, 4, 5)], [3, 4, 5]],
  [
    'a newer chunk of the old one',
    [chunk(1, 5, 6), series(1), series(2), at(2, 1, 2), at(1, 5, 6, 7)],
    [1, 2, 5, 6, 7],
  ],
];

const toPair = (point: Point) => (typeof point === 'number' ? ([point, point] as const) : point);
const toSample = (point: Point) => {
  const [second, value] = toPair(point);
  return [baseMs + 1000 * second, value] as const;
};

function write(data: string): void {
  const referenceOf = (story: number, reference: number) => 10 * (story + 1) + reference;
  const chunks: HeadChunkToWrite[] = [];
  const entries = stories.flatMap(([, steps], story) =>
    steps.flatMap((step): readonly WalEntry[] => {
      if ('series' in step) {
        const labels = { __name__: 'told', story: String(story) };
        return [{ series: referenceOf(story, step.series), labels }];
      }
      const reference = referenceOf(story, step.of);
      const points = step.points.map(toSample);
      if (step.isChunk === undefined) return [{ samples: points.map((point) => [reference, ...point] as const) }];
      chunks.push({ reference, points });
      return [];
    }),
  );
  writeWal(join(data, 'wal', segmentName(0)), entries);
  writeHeadChunks(join(data, 'chunks_head', '000001'), chunks);
}

/** The same answers in a WAL where each series is told once. */
function writePlain(data: string): void {
  const entries = stories.flatMap(([, , answer], story): readonly WalEntry[] => [
    { series: story + 1, labels: { __name__: 'told', story: String(story) } },
    { samples: answer.map(toSample).map((sample) => [story + 1, ...sample] as const) },
  ]);
  writeWal(
    join(data, 'wal', segmentName(0)),
    entries.filter((entry) => !('samples' in entry) || entry.samples.length > 0),
  );
}

/** By the label `story`, all points that are answered, in seconds behind `baseMs`. */
async function answers(
  fixture: Fixture,
  range = '3h',
): Promise<ReadonlyMap<string, readonly (readonly [number, number])[]>> {
  const query = encodeURIComponent(`{__name__!=""}[${range}]`);
  const { body } = await fixture.ask(`/api/v1/query?query=${query}`);
  const { data } = JSON.parse(body) as {
    readonly data: { readonly result: { metric: { story: string }; values: [number, string][] }[] };
  };
  return new Map(
    data.result.map(({ metric, values }) => [
      metric.story,
      values.map(([seconds, value]) => [(Math.round(1000 * seconds) - baseMs) / 1000, Number(value)] as const),
    ]),
  );
}

/** A series has been dropped from the head, and what is left of it is not enough for a block (head.go compactable). */
async function isCut(fixture: Fixture): Promise<boolean> {
  const { body } = await fixture.ask('/metrics');
  const metric = (name: string) => Number(new RegExp(`^prometheus_tsdb_head_${name} (\\S+)`, 'm').exec(body)?.[1]);
  return metric('series_removed_total') > 0 && metric('max_time') - metric('min_time') <= 180 * minuteMs;
}

const count = (directory: string): TsdbInventory =>
  takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });

const saidTwice = ({ findings }: Pick<TsdbInventory, 'findings'>): readonly string[] =>
  findings
    .filter(({ rule }) => rule === 'replayed-twice')
    .map(({ file, severity }) => `${severity} ${file}`)
    .sort();

describe.each([
  ['2', programs === undefined ? undefined : join(programs, 'prometheus'), '--enable-feature=remote-write-receiver'],
  ['3', program3, '--web.enable-remote-write-receiver'],
])('by a Prometheus %s (skipped where there is none)', (version, program = '', flag = '') => {
  describe.skipIf(program === '')('a series that is told once more', () => {
    let fixture: Fixture;
    beforeEach(async () => {
      fixture = await openFixture({ program, flags: [flag], config });
    });
    afterEach(async () => fixture.cleanUp());

    const convert = async (data: string) => {
      const into = join(fixture.directory, 'blocks');
      await mkdir(into);
      const order = { files: quietFiles(data), coveredToMs: null, into, onRead: () => undefined };
      return { into, ...writeHeadBlocks({ ...order, newUlid: (atMs) => newUlid(atMs, randomBytes(10)) }) };
    };

    test('counts from its last record on, with the chunks of that reference', async () => {
      write(fixture.data);
      const counted = count(fixture.data);
      const { into, findings } = await convert(fixture.data);
      const plain = join(fixture.directory, 'plain');
      writePlain(plain);
      await fixture.start();
      const answered = await answers(fixture);
      for (const [number, [name, , answer]] of stories.entries()) {
        expect([name, answered.get(String(number)) ?? []]).toEqual([name, answer.map(toPair)]);
      }
      expect(counted.windows).toEqual(count(plain).windows);
      expect(saidTwice(counted)).toEqual(['warning chunks_head', 'warning wal']);
      expect(saidTwice({ findings })).toEqual(saidTwice(counted));
      expect(count(into).windows).toEqual(count(plain).windows);
      await fixture.stop();
      expect(count(fixture.data).windows).toEqual(count(plain).windows);
    });

    test('is deleted under its second reference for 3 alone, which is said', async () => {
      const labels = { __name__: 'told', story: 'deleted' };
      const seconds = Array.from({ length: 40 }, (__, second) => second);
      const timeOf = (second: number) => baseMs + 1000 * second;
      writeWal(join(fixture.data, 'wal', segmentName(0)), [
        { series: 1, labels },
        { series: 2, labels },
        { samples: seconds.map((second) => [2, timeOf(second), second] as const) },
        { deleted: 2, fromMs: timeOf(10), toMs: timeOf(19) },
        { deleted: 1, fromMs: timeOf(18), toMs: timeOf(24) },
      ]);
      const kept = seconds.filter((second) => second < 10 || second > 24);
      const returning = seconds.filter((second) => second >= 10 && second < 18);
      const counted = count(fixture.data);
      expect(counted.totals.samples).toBe(kept.length);
      expect(counted.findings).toMatchObject([
        { rule: 'deleted-by-further-reference', severity: 'warning', fromMs: timeOf(10), toMs: timeOf(17) },
      ]);
      expect(counted.findings[0]?.message).toMatch(/^8 samples of 1 series /);
      await fixture.start();
      const all = version === '2' ? seconds.filter((second) => second < 18 || second > 24) : kept;
      expect((await answers(fixture)).get('deleted')?.map(([second]) => second)).toEqual(all);
      const { body } = await fixture.ask('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
      const { data } = JSON.parse(body) as { readonly data: { readonly name: string } };
      const snapshot = count(join(fixture.data, 'snapshots', data.name));
      expect(snapshot.totals.samples).toBe(kept.length + (version === '2' ? returning.length : 0));
    });

    test('that was gone for a while and came back is no alarm, until samples come out of order after a restart', async () => {
      const nowMs = baseMs + 90 * minuteMs;
      const push = (story: string, backMs: readonly number[]) => {
        const samples = backMs.map((back) => ({ timeMs: nowMs - back, value: back }));
        return remoteWrite(fixture, [{ labels: { __name__: 'real', story }, samples }]);
      };
      const isWhole = async () => {
        const counted = count(fixture.data);
        expect(counted.findings).toEqual([]);
        await fixture.start();
        expect([...(await answers(fixture, '12h')).values()].flat()).toHaveLength(counted.totals.samples);
      };
      await fixture.start();
      await push('back', [600 * minuteMs, 599 * minuteMs]);
      await push(
        'always',
        Array.from({ length: 100 }, (_, number) => (600 - 5 * number) * minuteMs),
      );
      await waitFor('the series is gone, and the head is not cut again', async () => isCut(fixture), {
        timeoutMs: 150_000,
        everyMs: 500,
      });
      // None is newer than all others, so that it stays as it is.
      await push('back', [110 * minuteMs, 109 * minuteMs]);
      await fixture.stop('SIGKILL');
      await isWhole();
      await push(
        'back',
        Array.from({ length: 70 }, (_, number) => 140 * minuteMs - 1000 * number),
      );
      expect((await answers(fixture, '12h')).get('back')).toHaveLength(74);
      await fixture.stop();
      const counted = count(fixture.data);
      expect(counted.totals.samples).toBe(174);
      expect(saidTwice(counted)).toEqual(['warning chunks_head']);
      await fixture.start();
      expect((await answers(fixture, '12h')).get('back')?.length).toBeLessThan(74);
    });

    test('loses samples that came out of order, which our blocks hold', async () => {
      const labels = { __name__: 'real', story: 'late' };
      const push = async (samples: number, offsetMs: number) => {
        const times = Array.from({ length: samples }, (_, second) => second);
        const told = times.map((second) => ({ timeMs: baseMs + 1000 * second + offsetMs, value: second }));
        await remoteWrite(fixture, [{ labels, samples: told }]);
      };
      await fixture.start();
      await push(300, 0);
      await push(70, 500);
      await fixture.stop();
      expect(count(fixture.data).findings).toEqual([]);
      const segments = (await readdir(join(fixture.data, 'wal'))).filter((name) => /^\d+$/.test(name));
      writeWal(join(fixture.data, 'wal', segmentName(segments.length)), [
        { series: 900, labels },
        { samples: [[900, baseMs + 400_000, 400]] },
      ]);
      const counted = count(fixture.data);
      expect(counted.totals).toMatchObject({ samples: 71, outOfOrderSamples: 70 });
      expect(saidTwice(counted)).toEqual(['warning chunks_head', 'warning chunks_head', 'warning wal']);
      const messages = counted.findings.map(({ message }) => message).join();
      expect(messages).toContain('holds 64 samples that came out of order');
      const { into, outOfOrderSamples } = await convert(fixture.data);
      expect(outOfOrderSamples).toBe(70);
      await fixture.start();
      const answered = (await answers(fixture)).get('late') ?? [];
      expect(answered.length).toBeLessThan(71);
      await fixture.stop();
      const other = await openFixture({ program, config });
      try {
        await cp(into, other.data, { recursive: true });
        await other.start();
        expect((await answers(other)).get('late')).toHaveLength(71);
      } finally {
        await other.cleanUp();
      }
    });
  });
});
