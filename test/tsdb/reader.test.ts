/**
 * The reader against Debian's Prometheus: what `promtool tsdb dump` prints gives the same digests, deleted series are gone,
 * overlapping blocks count once, and bytes that were changed are never read as if nothing had happened.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { highWordOf, lowWordOf } from '../../src/tsdb/chunk/xor-value.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { hashed, hashFloat, seedOfLabels } from '../../src/tsdb/inventory/sample-digest.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { waitFor } from '../harness/wait-for.ts';
import { createRandom } from '../simulation/random.ts';
import { openFixture, type Fixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const hourMs = 3_600_000;
const windowMs = 2 * hourMs;
const run = promisify(execFile);

describe.skipIf(programs === undefined)('a Prometheus 2 (skipped where there is none)', () => {
  let directory = '';
  let fixture: Fixture;
  /** Twelve hours in blocks of two, of values that are awkward. */
  const startMs = Math.floor((Date.now() - 48 * hourMs) / windowMs) * windowMs;
  const program = (name: string) => join(programs ?? '', name);

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-reader-'));
    fixture = await openFixture({ program: program('prometheus'), flags: ['--storage.tsdb.use-lockfile'] });
    await makeBlocks(program('promtool'), fixture.data, { startMs, hours: 12, everyMs: 20_000 });
    // promtool opens no TSDB without one.
    await mkdir(join(fixture.data, 'wal'));
  });
  afterAll(async () => {
    await fixture.cleanUp();
    await rm(directory, { recursive: true, force: true });
  });

  test('the digests are those of what promtool dumps', async () => {
    const inventory = inventoryOf(fixture.data);
    expect(inventory.findings).toEqual([]);
    expect(
      inventory.windows.map(({ fromMs, series, samples, digest }) => ({ fromMs, series, samples, digest })),
    ).toEqual(await dumpedWindows(program('promtool'), fixture.data));
    expect(inventory.totals).toMatchObject({ series: 40, samples: 40 * 12 * 180, staleMarkers: 0 });
  });

  test('compacted, they are the same', async () => {
    const before = inventoryOf(fixture.data).windows;
    const names = await listBlocks(fixture.data);
    await fixture.start();
    await waitFor('blocks are compacted', async () => (await listBlocks(fixture.data)).length < names.length, {
      timeoutMs: 90_000,
    });
    expect(fixture.inventory().windows).toEqual(before);
  });

  test('what was deleted is not counted, before and after its tombstones are cleaned', async () => {
    const matcher = encodeURIComponent('fixture_value{series="7"}');
    const [fromS, toS] = [startMs / 1000 + 3600, startMs / 1000 + 7199];
    const path = `/api/v1/admin/tsdb/delete_series?match[]=${matcher}&start=${fromS}&end=${toS}`;
    expect((await fixture.ask(path, { method: 'POST' })).status).toBe(204);
    const deleted = fixture.inventory();
    expect(deleted.totals.samples).toBe(40 * 12 * 180 - 180);
    expect((await fixture.ask('/api/v1/admin/tsdb/clean_tombstones', { method: 'POST' })).status).toBe(204);
    expect(fixture.inventory().windows).toEqual(deleted.windows);
    await fixture.stop();
  });

  test('blocks that overlap count each sample once, and different values are a finding', async () => {
    const twice = join(directory, 'twice');
    const other = join(directory, 'other');
    await makeBlocks(program('promtool'), twice, { startMs, hours: 4, everyMs: 20_000 });
    const alone = inventoryOf(twice);
    await makeBlocks(program('promtool'), twice, { startMs: startMs + hourMs, hours: 2, everyMs: 20_000 });
    expect(inventoryOf(twice)).toMatchObject({ windows: alone.windows, totals: alone.totals, findings: [] });
    await makeBlocks(program('promtool'), other, { startMs, hours: 2, everyMs: 20_000, shift: 1 });
    for (const name of await readdir(other)) await rename(join(other, name), join(twice, name));
    const conflicting = inventoryOf(twice);
    expect(conflicting.totals.samples).toBe(alone.totals.samples);
    expect(conflicting.findings[0]).toMatchObject({
      rule: 'conflicting-values',
      series: expect.stringContaining('fixture_value{'),
    });
  });

  test('a changed byte is a finding or changes nothing that is counted, and never a crash', async () => {
    const whole = join(directory, 'whole');
    const broken = join(directory, 'broken');
    await makeBlocks(program('promtool'), whole, { startMs, hours: 2, everyMs: 60_000 });
    const expected = inventoryOf(whole).windows;
    const [name = ''] = await readdir(whole);
    const random = createRandom(7);
    const long = process.env['HOLDFAST_TEST_LONG'] === '1';
    await cp(whole, broken, { recursive: true });
    for (const file of ['index', 'chunks/000001', 'tombstones', 'meta.json']) {
      const path = join(broken, name, file);
      const bytes = await readFile(path);
      for (let mutant = 0; mutant < (long ? 25_000 : 400); mutant += 1) {
        await writeFile(path, mutate(bytes, random));
        const { windows, findings } = inventoryOf(broken);
        // What Prometheus never reads, as the postings here, may change unseen by an inventory.
        if (findings.length === 0 && file !== 'meta.json') expect(windows).toEqual(expected);
      }
      await writeFile(path, bytes);
    }
    expect(inventoryOf(broken)).toMatchObject({ windows: expected, findings: [] });
  });

  test('a block without an index is a finding, and the others are counted', async () => {
    const broken = join(directory, 'no-index');
    await cp(fixture.data, broken, { recursive: true });
    const before = inventoryOf(broken).totals.samples;
    const name = (await readdir(broken)).find((entry) => entry.length === 26) ?? '';
    await rm(join(broken, name, 'index'));
    const { findings, totals } = inventoryOf(broken);
    expect(findings).toMatchObject([{ rule: 'missing', severity: 'error', file: `${name}/index` }]);
    expect(totals.samples).toBeLessThan(before);
    expect(totals.samples).toBeGreaterThan(0);
  });

  test('a WAL that ends in the middle of a record is counted up to there, and one with a wrong byte says where', async () => {
    const wal = await openFixture({
      program: program('prometheus'),
      flags: ['--storage.tsdb.use-lockfile'],
      scrapesItself: true,
    });
    try {
      await wal.start();
      await waitFor('samples come in', async () => wal.inventory().totals.samples > 2000);
      await wal.stop('SIGKILL');
      const before = wal.inventory();
      expect(before.findings).toEqual([]);
      const path = join(wal.data, 'wal', '00000000');
      const bytes = await readFile(path);
      await writeFile(path, bytes.subarray(0, bytes.length - 5));
      const torn = wal.inventory();
      expect(torn.findings).toMatchObject([{ rule: 'torn-tail', severity: 'info', file: 'wal/00000000' }]);
      expect(torn.totals.samples).toBeLessThan(before.totals.samples);
      const middle = Math.floor(bytes.length / 2);
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      await writeFile(path, bytes);
      const damaged = wal.inventory();
      expect(damaged.findings).toMatchObject([{ severity: 'error', file: 'wal/00000000' }]);
      expect(damaged.totals.samples).toBeLessThan(torn.totals.samples);
    } finally {
      await wal.cleanUp();
    }
  });
});

function inventoryOf(directory: string): TsdbInventory {
  return takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });
}

interface Blocks {
  readonly startMs: number;
  readonly hours: number;
  readonly everyMs: number;
  readonly shift?: number;
}

/** Forty series, some with values that a wrong decoder would get wrong. */
async function makeBlocks(
  promtool: string,
  into: string,
  { startMs, hours, everyMs, shift = 0 }: Blocks,
): Promise<void> {
  await mkdir(into, { recursive: true });
  const lines = ['# TYPE fixture_value gauge'];
  for (let series = 0; series < 40; series += 1) {
    for (let atMs = startMs; atMs < startMs + hours * hourMs; atMs += everyMs) {
      lines.push(
        `fixture_value{job="job${series % 3}",series="${series}",text="é\\"\\\\"} ${valueOf(series, atMs / 1000, shift)} ${atMs / 1000}`,
      );
    }
  }
  const text = join(into, 'samples.om');
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  await run(promtool, ['tsdb', 'create-blocks-from', '-q', 'openmetrics', text, into], { maxBuffer: 2 ** 26 });
  await rm(text);
}

function valueOf(series: number, atS: number, shift: number): string {
  if (series === 0) return '+Inf';
  if (series === 1) return atS % 3 === 0 ? '-Inf' : '-0';
  if (series === 2) return String(Number.MIN_VALUE * ((atS % 5) + 1));
  if (series < 10) return String(Math.sin(atS + series) * 10 ** (series * 3) + shift);
  return String(Math.floor(atS / series) + shift);
}

/** One byte flipped, or some cut off, or some zeroed as a crash on NFS leaves them. */
function mutate(bytes: Buffer, random: ReturnType<typeof createRandom>): Buffer {
  const at = random.below(bytes.length);
  const mutant = Buffer.from(bytes);
  const kind = random.below(10);
  if (kind === 0) return mutant.subarray(0, at);
  if (kind === 1) return mutant.fill(0, at, Math.min(bytes.length, at + 512));
  mutant[at] = (mutant[at] ?? 0) ^ (1 << random.below(8));
  return mutant;
}

/** Windows as our digest makes them of promtool's text, in which a float stands as Go prints it. */
async function dumpedWindows(promtool: string, directory: string) {
  const { stdout } = await run(promtool, ['tsdb', 'dump', directory], { maxBuffer: 2 ** 29 });
  const windows = new Map<number, { series: Set<string>; samples: number; a: number; b: number }>();
  for (const line of stdout.trimEnd().split('\n')) {
    const [, labels = '', text = '', time = ''] = /^\{(.*)\} (\S+) (\d+)$/.exec(line) ?? [];
    const value = { '+Inf': Infinity, '-Inf': -Infinity }[text] ?? Number(text);
    const fromMs = Math.floor(Number(time) / windowMs) * windowMs;
    const window = windows.get(fromMs) ?? { series: new Set(), samples: 0, a: 0, b: 0 };
    windows.set(fromMs, window);
    hashFloat(seedOfText(labels), Number(time), highWordOf(value), lowWordOf(value));
    window.series.add(labels);
    window.samples += 1;
    window.a = (window.a + hashed.a) >>> 0;
    window.b = (window.b + hashed.b) >>> 0;
  }
  const hex = (word: number) => word.toString(16).padStart(8, '0');
  return [...windows]
    .sort(([one], [other]) => one - other)
    .map(([fromMs, { series, samples, a, b }]) => ({ fromMs, series: series.size, samples, digest: hex(a) + hex(b) }));
}

const seeds = new Map<string, ReturnType<typeof seedOfLabels>>();

function seedOfText(labels: string): ReturnType<typeof seedOfLabels> {
  const known = seeds.get(labels);
  if (known !== undefined) return known;
  const pairs = [...labels.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)].map(([, name = '', value = '']) => [
    name,
    JSON.parse(value) as string,
  ]);
  pairs.sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  const seed = seedOfLabels(pairs.flat().map((text) => Buffer.from(text)));
  seeds.set(labels, seed);
  return seed;
}

async function listBlocks(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name));
}
