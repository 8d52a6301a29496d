/**
 * A WBL with markers, which say that what came before them of a series is in a head chunk. Prometheus believes a marker
 * that is not newer than its last head chunk, and drops what it has replayed of that series, though no chunk may hold it:
 * where it was killed while it cut a block of such samples. Both Prometheuses are started on such a WBL: they answer what
 * an inventory counts, less what it says they will drop.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { segmentName } from '../../src/tsdb/head/wal-names.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { awaitFalselyMarked } from '../../src/tsdb/check/find-false-markers.ts';
import { dropMarkers } from '../../src/tsdb/write/drop-markers.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { writeHeadBlocks } from '../../src/tsdb/write/write-head-blocks.ts';
import { writeHeadChunks, writeWal, type HeadChunkToWrite, type WalEntry } from '../harness/write-head.ts';
import { checkDirectory } from './check-directory.ts';
import { waitFor } from '../harness/wait-for.ts';
import { countCutBlocks, openFixture, pushRounds, type Fixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const program3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const minuteMs = 60_000;
const baseMs = (Math.floor(Date.now() / minuteMs) - 90) * minuteMs;
const config = { storage: { tsdb: { out_of_order_time_window: '1d' } } };
const newest = 1000;

/** Which chunk a marker names: none (0), one that is there, the last one, or what would be the one behind it. */
type Marker = 'none' | 'first' | 'last' | 'behind';
/** Seconds behind `baseMs` of samples in the WBL, or of a head chunk of late samples, or a marker. */
type Step = readonly number[] | { readonly chunk: readonly number[] } | Marker;
type Story = readonly [name: string, steps: readonly Step[], answer: readonly number[]];

const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, number) => from + number);

const stories: readonly Story[] = [
  ['no marker', [[1, 2, 3]], [1, 2, 3]],
  ['the first marker comes before all', ['none', [1, 2, 3]], [1, 2, 3]],
  ['nothing holds them', [[1, 2, 3], 'none', [4]], [4]],
  ['again and again', [[1, 2], 'none', [3], 'none', [4], 'none'], []],
  ['its chunk was never written', [[1, 2, 3], 'behind', [4]], [1, 2, 3, 4]],
  ['its chunk is there', [{ chunk: [1, 2, 3] }, [1, 2, 3], 'first', [4]], [1, 2, 3, 4]],
  ['its chunk is the last one', [[1, 2, 3], 'last', [4]], [4]],
  ['a full chunk is kept', [seconds(1, 33), [33, 34, 35], 'none', [36]], [...seconds(1, 33), 36]],
  ['a chunk is full when the next sample comes', [seconds(1, 33), 'none', [36]], [36]],
  ['a chunk is full at 32 different times', [[...seconds(1, 32), 31, 32], 'none', [36]], [36]],
  ['the same sample comes again', [[1, 2, 3], 'none', [2, 4]], [2, 4]],
];

function write(data: string): void {
  const chunks: HeadChunkToWrite[] = [];
  const point = (second: number) => [baseMs + 1000 * second, second] as const;
  for (const [story, [, steps]] of stories.entries()) {
    for (const step of steps) {
      if (typeof step === 'object' && 'chunk' in step)
        chunks.push({ reference: story + 1, isOutOfOrder: true, points: step.chunk.map(point) });
    }
  }
  const places = writeHeadChunks(join(data, 'chunks_head', '000001'), [
    ...chunks,
    { reference: 900, points: [1, 2].map(point) },
  ]);
  const last = places.at(-1) ?? 0;
  const offsets = { none: 0, first: places[0] ?? 0, last, behind: last + 1 } as const;
  const [wal, wbl]: [WalEntry[], WalEntry[]] = [[], []];
  for (const [story, [, steps]] of stories.entries()) {
    const reference = story + 1;
    wal.push({ series: reference, labels: { __name__: 'told', story: String(story) } });
    wal.push({ samples: [[reference, ...point(newest)]] });
    for (const step of steps) {
      if (typeof step === 'string') wbl.push({ markers: [[reference, step === 'none' ? 0 : 1, offsets[step]]] });
      else if (!('chunk' in step)) wbl.push({ samples: step.map((second) => [reference, ...point(second)] as const) });
    }
  }
  writeWal(join(data, 'wal', segmentName(0)), wal);
  writeWal(join(data, 'wbl', segmentName(0)), wbl);
}

const count = (directory: string) =>
  takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });

/** By the number of the story, when its samples are, in seconds behind `baseMs`, less the newest. */
async function answers(fixture: Fixture): Promise<readonly (readonly number[])[]> {
  const { body } = await fixture.ask(`/api/v1/query?query=${encodeURIComponent('told[3h]')}`);
  const { data } = JSON.parse(body) as {
    readonly data: { readonly result: { metric: { story: string }; values: [number, string][] }[] };
  };
  const byStory = new Map(
    data.result.map(({ metric, values }) => [
      metric.story,
      values.map(([at]) => (Math.round(1000 * at) - baseMs) / 1000),
    ]),
  );
  return stories.map((_, story) => (byStory.get(String(story)) ?? []).filter((second) => second !== newest));
}

const isNumbers = (step: Step): step is readonly number[] => Array.isArray(step);
const told = stories.map(([, steps]) => new Set(steps.filter(isNumbers).flat()));
const all = told.map((times) => [...times].sort((one, next) => one - next));
const held = told.reduce((sum, { size }) => sum + size, 0);
const kept = stories.reduce((sum, [, , answer]) => sum + answer.length, 0);

describe.each([
  ['2', programs === undefined ? undefined : join(programs, 'prometheus')],
  ['3', program3],
])('by a Prometheus %s (skipped where there is none)', (_, program = '') => {
  describe.skipIf(program === '')('markers in wbl/', () => {
    let fixture: Fixture;
    beforeEach(async () => {
      fixture = await openFixture({ program, config });
      write(fixture.data);
    });
    afterEach(async () => fixture.cleanUp());

    test('drop what they say is in a head chunk: it is counted, and said', async () => {
      const counted = count(fixture.data);
      await fixture.start();
      const answered = await answers(fixture);
      for (const [story, [name, , answer]] of stories.entries())
        expect([name, answered[story]]).toEqual([name, answer]);
      expect(counted.totals.outOfOrderSamples).toBe(held);
      expect(counted.findings).toMatchObject([{ rule: 'mapped-nowhere', severity: 'warning', file: 'wbl' }]);
      expect(counted.findings[0]?.message).toContain(`holds ${held - kept} samples`);
      expect(counted.findings[0]?.message).not.toContain('bug');
      await fixture.stop();
    });

    test('do so no more once they are left out, as before a start', async () => {
      // It does not see that one of them comes again.
      const samples = held - kept + 1;
      expect(await awaitFalselyMarked(fixture.data)).toMatchObject({ samples });
      const { errors, findings } = checkDirectory(fixture.data);
      expect([errors, findings.map(({ rule, severity }) => `${severity} ${rule}`)]).toEqual([
        0,
        ['warning mapped-nowhere'],
      ]);
      expect(findings[0]?.message).toContain(`holds ${samples} samples`);
      await dropMarkers(fixture.data);
      expect(await awaitFalselyMarked(fixture.data)).toBeUndefined();
      expect(checkDirectory(fixture.data).findings).toEqual([]);
      const counted = count(fixture.data);
      expect(counted.findings).toEqual([]);
      for (const start of ['first', 'second']) {
        await fixture.start();
        expect([start, await answers(fixture)]).toEqual([start, all]);
        await fixture.stop(start === 'first' ? 'SIGKILL' : 'SIGTERM');
      }
      expect(count(fixture.data)).toMatchObject({ windows: counted.windows, findings: [] });
    });

    test('of a head chunk in a file that is damaged behind it: Prometheus deletes the file, and loses it', async () => {
      const data = join(fixture.directory, 'damaged');
      const points = [1, 2, 3].map((second) => [baseMs + 1000 * second, second] as const);
      const file = join(data, 'chunks_head', '000001');
      const late: HeadChunkToWrite = { reference: 1, isOutOfOrder: true, points };
      const [, second = 0] = writeHeadChunks(file, [late, { reference: 1, points: [[baseMs, 0]] }]);
      await truncate(file, second + 30);
      const at = baseMs + 1000 * newest;
      writeWal(join(data, 'wal', segmentName(0)), [
        { series: 1, labels: { __name__: 'told', story: '0' } },
        { samples: [[1, at, newest]] },
      ]);
      writeWal(join(data, 'wbl', segmentName(0)), [
        { samples: points.map((point) => [1, ...point] as const) },
        { markers: [[1, 0, 0]] },
      ]);
      const answeredOn = async (mend: boolean) => {
        const other = await openFixture({ program, config });
        try {
          await cp(data, other.data, { recursive: true });
          if (mend) await dropMarkers(other.data);
          await other.start();
          return (await answers(other))[0];
        } finally {
          await other.cleanUp();
        }
      };
      expect(await answeredOn(false)).toEqual([]);
      expect(await awaitFalselyMarked(data)).toMatchObject({ samples: 3 });
      // Nothing may be proved by such a directory.
      expect(count(data).findings.map(({ severity }) => severity)).toContain('error');
      expect(await answeredOn(true)).toEqual([1, 2, 3]);
    });

    test('and blocks that are made of it hold all', async () => {
      const into = join(fixture.directory, 'blocks');
      await mkdir(into);
      const order = { files: quietFiles(fixture.data), coveredToMs: null, into, onRead: () => undefined };
      writeHeadBlocks({ ...order, newUlid: (atMs) => newUlid(atMs, randomBytes(10)) });
      const other = await openFixture({ program, config });
      try {
        await cp(into, other.data, { recursive: true });
        await other.start();
        expect(await answers(other)).toEqual(all);
      } finally {
        await other.cleanUp();
      }
    });
  });
});

describe.skipIf(program3 === undefined)(
  'a Prometheus 3 that is killed at some moment while it cuts a block of late samples (skipped where there is none)',
  () => {
    test('answers all but what is said, and all of it once the markers are left out', async () => {
      const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
      const flags = ['--web.enable-otlp-receiver'];
      const fixture = await openFixture({ program: program3 ?? '', flags, config: { ...config, otlp: {} } });
      try {
        await fixture.start();
        await pushRounds(fixture, { fromMs: nowMs - 720 * minuteMs, rounds: 540, everyMs: minuteMs });
        await waitFor('the head is cut into blocks', async () => (await countCutBlocks(fixture.data)) >= 2);
        await pushRounds(fixture, { fromMs: nowMs - 180 * minuteMs, rounds: 180, everyMs: minuteMs });
        await pushRounds(fixture, { fromMs: nowMs - 170 * minuteMs + 30_000, rounds: 150, everyMs: minuteMs });
        await fixture.stop('SIGKILL');
        const { totals, findings, windows } = count(fixture.data);
        const said = findings.map(
          ({ rule, message }) => [rule, Number(/holds (\d+) samples/.exec(message)?.[1])] as const,
        );
        for (const [rule] of said) expect(rule).toBe('mapped-nowhere');
        const lost = said[0]?.[1] ?? 0;
        const mended = await openFixture({ program: program3 ?? '', flags, config });
        try {
          await cp(fixture.data, mended.data, { recursive: true });
          if ((await awaitFalselyMarked(mended.data)) !== undefined) await dropMarkers(mended.data);
          else expect(lost).toBe(0);
          await fixture.start();
          await mended.start();
          expect(await countAnswered(fixture, nowMs)).toBe(totals.samples - lost);
          expect(await countAnswered(mended, nowMs)).toBe(totals.samples);
          await mended.stop();
          expect(count(mended.data)).toMatchObject({ windows, findings: [] });
        } finally {
          await mended.cleanUp();
        }
      } finally {
        await fixture.cleanUp();
      }
    });
  },
);

async function countAnswered(fixture: Fixture, atMs: number): Promise<number> {
  const query = encodeURIComponent('sum(count_over_time({__name__=~"fixture.*"}[13h]))');
  const { body } = await fixture.ask(`/api/v1/query?query=${query}&time=${atMs / 1000}`);
  return Number(/"(\d+)"\]/.exec(body)?.[1]);
}
