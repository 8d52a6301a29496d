/**
 * The writer against real programs. Blocks of a Prometheus 2 and of a current one, with every kind of chunk, out-of-order
 * samples, stale markers, deleted series and names in UTF-8, are copied by it: the chunk files are the same to the byte,
 * the digests too, and promtool and both Prometheus open what it wrote and answer the same. Blocks that it makes out of
 * nothing are read by promtool as what was put in.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { readMetas } from '../../src/tsdb/block/read-metas.ts';
import { highWordOf, lowWordOf } from '../../src/tsdb/chunk/xor-value.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { BlockWriter, type SeriesToWrite } from '../../src/tsdb/write/block-writer.ts';
import { copyBlock } from '../../src/tsdb/write/copy-block.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { XorEncoder } from '../../src/tsdb/write/xor-encoder.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture, pushRounds, type Fixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const prometheus3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const missing = process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'];
const hourMs = 3_600_000;
const windowMs = 2 * hourMs;
const minuteMs = 60_000;
const run = promisify(execFile);
const promtool = join(programs ?? '', 'promtool');
const startMs = Math.floor((Date.now() - 48 * hourMs) / windowMs) * windowMs;

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-writer-'));
});
afterAll(async () => rm(directory, { recursive: true, force: true }));

describe.skipIf(programs === undefined)('blocks of a Prometheus 2 (skipped where there is none)', () => {
  test('are copied to the byte, and promtool and Prometheus find in the copy what was there', async () => {
    const source = join(directory, 'source');
    await makeSource(source, 300);
    await copyAll(source, join(directory, 'copy'), { sameIndex: false });
    const copy = await open(join(directory, 'copy'), join(programs ?? '', 'prometheus'));
    try {
      await compareAnswers(copy, source);
      expect(await promtoolSays(copy.data)).toContain('BLOCK ULID');
    } finally {
      await copy.cleanUp();
    }
  });

  test('chunk files are cut where Prometheus cuts them, and references across files are right', async () => {
    const source = join(directory, 'many');
    await makeSource(source, 300);
    const into = join(directory, 'cut');
    await copyAll(source, into, { segmentBytes: 20_000, sameIndex: false });
    const [name = ''] = await readdir(into);
    expect((await readdir(join(into, name, 'chunks'))).length).toBeGreaterThan(3);
    await mkdir(join(into, 'wal'));
    await mkdir(join(source, 'wal'));
    expect(await dump(into)).toEqual(await dump(source));
  });
});

describe.skipIf(programs === undefined || prometheus3 === undefined).each([
  ['XOR and histogram chunks', []],
  ['XOR2 and start-time chunks', ['--enable-feature=xor2-encoding,histograms-st-encoding,st-storage']],
])(`blocks of a current Prometheus: %s${missing === undefined ? '' : ` (skipped: ${missing})`}`, (_, features) => {
  test('are copied to the byte, and it answers the same from the copy', async () => {
    const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
    const config = {
      storage: { tsdb: { out_of_order_time_window: '10d' } },
      otlp: { translation_strategy: 'NoUTF8EscapingWithSuffixes' },
    };
    const flags = ['--web.enable-otlp-receiver', ...features];
    const fixture = await openFixture({ program: prometheus3 ?? '', flags, config });
    try {
      await fixture.start();
      await pushRounds(fixture, { fromMs: nowMs - 900 * minuteMs, rounds: 540, everyMs: minuteMs });
      await pushRounds(fixture, { fromMs: nowMs - 800 * minuteMs + 30_000, rounds: 200, everyMs: minuteMs });
      await pushRounds(fixture, { fromMs: nowMs - 300 * minuteMs, rounds: 300, everyMs: minuteMs });
      await waitFor(
        'out-of-order samples are compacted',
        async () => fixture.inventory().totals.outOfOrderSamples === 0,
        {
          timeoutMs: 150_000,
          everyMs: 1000,
        },
      );
      const [from, to] = [nowMs - 850 * minuteMs, nowMs - 820 * minuteMs].map((ms) => ms / 1000);
      const deletion = `match[]=fixture_gauge&start=${from}&end=${to}`;
      const { status } = await fixture.ask(`/api/v1/admin/tsdb/delete_series?${deletion}`, { method: 'POST' });
      expect(status).toBe(204);
      await fixture.stop();
      const source = join(fixture.directory, 'blocks');
      await mkdir(source);
      for (const name of await blocksIn(fixture.data))
        await cp(join(fixture.data, name), join(source, name), { recursive: true });
      const { windows, totals } = inventoryOf(source);
      expect(totals.staleMarkers).toBeGreaterThan(50);
      // Four in-order samples a minute, and those that came out of order between them.
      expect(Math.max(...windows.map(({ samples }) => samples))).toBeGreaterThan(4 * 120);
      await copyAll(source, join(fixture.directory, 'copy'), { sameIndex: true });
      const copy = await open(join(fixture.directory, 'copy'), prometheus3 ?? '');
      try {
        expect((await copy.ask('/api/v1/status/tsdb')).status).toBe(200);
        await compareAnswers(copy, source, prometheus3);
      } finally {
        await copy.cleanUp();
      }
    } finally {
      await fixture.cleanUp();
    }
  });
});

describe.skipIf(programs === undefined)('blocks of our own', () => {
  test('hold what was put in, whatever it is', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
    const labels = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/), text, { minKeys: 1, maxKeys: 5 });
    const values = fc.array(fc.double(), { minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(labels, values), { minLength: 1, maxLength: 20 }), async (given) => {
        const into = await mkdtemp(join(directory, 'own-'));
        const series = given
          .map(([names, numbers]) => ({ labels: labelsOf(names), numbers }))
          .sort((one, other) => compare(one.labels, other.labels))
          .filter(({ labels: own }, index, all) => index === 0 || compare(own, all[index - 1]?.labels ?? []) !== 0);
        const samples = series.reduce((sum, { numbers }) => sum + numbers.length, 0);
        writeBlock(
          into,
          series.map(({ labels: own, numbers }) => ({ labels: own, chunks: chunksOf(numbers) })),
        );
        await mkdir(join(into, 'wal'));
        expect((await dump(into)).length).toBe(samples);
        const { totals, findings } = inventoryOf(into);
        expect({ findings, series: totals.series, samples: totals.samples }).toEqual({
          findings: [],
          series: series.length,
          samples,
        });
      }),
      { numRuns: process.env['HOLDFAST_TEST_LONG'] === '1' ? 200 : 25 },
    );
  });

  test('50 000 series are found by each of their labels', async () => {
    const into = join(directory, 'large');
    await mkdir(into);
    writeBlock(into, manySeries(50_000));
    const served = await open(into, join(programs ?? '', 'prometheus'));
    try {
      const atS = (startMs + hourMs) / 1000;
      const ask = async (query: string) => {
        const { body } = await served.ask(
          `/api/v1/query?${new URLSearchParams({ query, time: String(atS) }).toString()}`,
        );
        return (JSON.parse(body) as Vector).data.result.map(({ value: [, value] }) => Number(value));
      };
      expect(await ask('count(large)')).toEqual([50_000]);
      expect(await ask('count(large{group="7"})')).toEqual([500]);
      expect(await ask('large{number="n41234"}')).toEqual([41_234]);
      expect(await ask('count({__name__=~"lar.*",number=~"n4999.+",group!="3"})')).toEqual([10]);
      expect(await promtoolSays(into)).toContain('50000');
    } finally {
      await served.cleanUp();
    }
  });
});

interface Vector {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

function* manySeries(count: number): Generator<SeriesToWrite> {
  const numbers = Array.from({ length: count }, (_, index) => `n${index}`).map((name) => ({
    name,
    group: Number(name.slice(1)) % 100,
  }));
  numbers.sort((one, other) => compare(large(one), large(other)));
  for (const number of numbers) {
    const encoder = new XorEncoder();
    const value = Number(number.name.slice(1));
    encoder.add(startMs + hourMs, highWordOf(value), lowWordOf(value));
    const chunk = { minTime: startMs + hourMs, maxTime: startMs + hourMs, encoding: 1, data: encoder.finish() };
    yield { labels: large(number), chunks: [chunk] };
  }
}

function large({ name, group }: { readonly name: string; readonly group: number }): readonly Uint8Array[] {
  return labelsOf({ __name__: 'large', group: String(group), number: name });
}

function labelsOf(names: Readonly<Record<string, string>>): readonly Uint8Array[] {
  return Object.entries(names)
    .map((pair) => pair.map((text) => Buffer.from(text)))
    .sort(([one], [other]) => Buffer.compare(one ?? Buffer.alloc(0), other ?? Buffer.alloc(0)))
    .flat();
}

function compare(one: readonly Uint8Array[], other: readonly Uint8Array[]): number {
  for (let index = 0; index < Math.min(one.length, other.length); index += 1) {
    const order = Buffer.compare(one[index] ?? Buffer.alloc(0), other[index] ?? Buffer.alloc(0));
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** 120 samples to a chunk, one each 15 seconds. */
function chunksOf(numbers: readonly number[]) {
  const chunks = [];
  for (let from = 0; from < numbers.length; from += 120) {
    const encoder = new XorEncoder();
    const part = numbers.slice(from, from + 120);
    part.forEach((number, index) =>
      encoder.add(startMs + (from + index) * 15_000, highWordOf(number), lowWordOf(number)),
    );
    const minTime = startMs + from * 15_000;
    chunks.push({ minTime, maxTime: minTime + (part.length - 1) * 15_000, encoding: 1, data: encoder.finish() });
  }
  return chunks;
}

function writeBlock(into: string, series: Iterable<SeriesToWrite>): void {
  const writer = new BlockWriter({ directory: into, ulid: newUlid(Date.now(), randomBytes(10)) });
  for (const one of series) writer.addSeries(one);
  writer.complete({ minTime: startMs, maxTime: startMs + windowMs, level: 1, sources: [], hints: [] });
  writer.publish();
}

/** Twelve hours, in blocks of two; promtool takes text alone, which knows stale markers as NaN at best. */
async function makeSource(into: string, series: number): Promise<void> {
  await mkdir(into);
  const lines = ['# TYPE fixture_value gauge'];
  for (let index = 0; index < series; index += 1) {
    for (let atMs = startMs; atMs < startMs + 12 * hourMs; atMs += 2 * minuteMs) {
      const value = index % 7 === 0 ? 'NaN' : String(Math.sin(atMs + index) * 10 ** (index % 20));
      lines.push(`fixture_value{job="job${index % 3}",series="${index}",text="é\\"\\\\"} ${value} ${atMs / 1000}`);
    }
  }
  const text = join(dirname(into), 'samples.om');
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  await run(promtool, ['tsdb', 'create-blocks-from', '-q', 'openmetrics', text, into], { maxBuffer: 2 ** 26 });
  await rm(text);
}

/** Copies every block and compares files and digests with those of the source. */
async function copyAll(
  source: string,
  into: string,
  { segmentBytes, sameIndex }: { readonly segmentBytes?: number; readonly sameIndex: boolean },
): Promise<void> {
  await mkdir(into);
  const files = quietFiles(source);
  for (const meta of readMetas(files, fail)) {
    const ulid = newUlid(Date.now(), randomBytes(10));
    const options = segmentBytes === undefined ? {} : { segmentBytes };
    const stats = copyBlock({ from: files, meta, into, ulid, onDamage: fail, ...options });
    expect(stats).toMatchObject({ series: meta.series, samples: meta.samples, chunks: meta.chunks });
    expect((await readdir(join(into, ulid))).sort()).toEqual(['chunks', 'index', 'meta.json', 'tombstones']);
    if (segmentBytes !== undefined) continue;
    const same = async (file: string) =>
      (await readFile(join(into, ulid, file))).equals(await readFile(join(source, meta.ulid, file)));
    for (const name of await readdir(join(source, meta.ulid, 'chunks')))
      expect(await same(join('chunks', name))).toBe(true);
    if (sameIndex) expect(await same('index')).toBe(true);
  }
  const [before, after] = [inventoryOf(source), inventoryOf(into)];
  expect(after.findings).toEqual([]);
  expect({ windows: after.windows, totals: after.totals }).toEqual({ windows: before.windows, totals: before.totals });
}

function fail(damage: { readonly file: string; readonly damage: Error }): void {
  throw new Error(`${damage.file}: ${damage.damage.message}`);
}

function inventoryOf(data: string): TsdbInventory {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

async function blocksIn(data: string): Promise<readonly string[]> {
  return (await readdir(data)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name));
}

/** A Prometheus that serves these blocks. */
async function open(blocks: string, program: string): Promise<Fixture> {
  const flags = program === prometheus3 ? [] : ['--storage.tsdb.use-lockfile'];
  const fixture = await openFixture({ program, flags });
  for (const name of await blocksIn(blocks))
    await cp(join(blocks, name), join(fixture.data, name), { recursive: true });
  await fixture.start();
  return fixture;
}

/** Everything that Prometheus answers from the copy is what it answers from the source. */
async function compareAnswers(
  copy: Fixture,
  source: string,
  program = join(programs ?? '', 'prometheus'),
): Promise<void> {
  const original = await open(source, program);
  try {
    const [startS, endS] = [(startMs - 48 * hourMs) / 1000, Date.now() / 1000];
    const range = { start: String(startS), end: String(endS) };
    const paths = [
      `/api/v1/series?${new URLSearchParams({ 'match[]': '{__name__=~".+"}', ...range }).toString()}`,
      '/api/v1/labels',
      '/api/v1/label/__name__/values',
      `/api/v1/query?${new URLSearchParams({ query: '{__name__=~".+"}[10d]', time: String(endS) }).toString()}`,
    ];
    for (const path of paths) {
      const [mine, theirs] = [await copy.ask(path), await original.ask(path)];
      expect(mine.status).toBe(200);
      expect(theirs.body.length).toBeGreaterThan(40);
      expect(mine.body === theirs.body).toBe(true);
    }
  } finally {
    await original.cleanUp();
  }
}

async function promtoolSays(data: string): Promise<string> {
  const listed = await run(promtool, ['tsdb', 'list', data]);
  const analyzed = await run(promtool, ['tsdb', 'analyze', data], { maxBuffer: 2 ** 28 });
  return listed.stdout + analyzed.stdout;
}

async function dump(data: string): Promise<readonly string[]> {
  const { stdout } = await run(promtool, ['tsdb', 'dump', data], { maxBuffer: 2 ** 29 });
  return stdout.trimEnd().split('\n').sort();
}
