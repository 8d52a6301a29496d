import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StepContext } from '../model/handler.ts';
import type { Proof } from '../model/proof.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import { findTestProgram, missing } from '../stack/find-test-program.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { awaitTrue } from './await-ready.ts';
import { readInventory } from '../data-root/inventory-file.ts';
import { tsdbInventoryPath } from '../data-root/tsdb-inventory-file.ts';
import { findProof } from '../data-root/proof-file.ts';
import { performTask } from '../tsdb/perform-task.ts';
import { provenComponents } from '../rules/proven-components.ts';
import type { CountTsdb } from './count-tsdb.ts';
import { createProveHandler, type ProveStep } from './prove.ts';
import { createTakeInventoryHandler, type TakeInventoryStep } from './take-inventory.ts';
import { makeTestBlocks, startTestPrometheus, type TestPrometheus } from './test-prometheus.ts';

const hour = 3_600_000;
const prometheus = findTestProgram('prometheus') ?? '';
const promtool = findTestProgram('promtool') ?? '';
const skip = missing(prometheus || undefined, 'prometheus') || missing(promtool || undefined, 'promtool');

const context: StepContext = {
  run: 'run-1',
  signal: new AbortController().signal,
  progress: () => undefined,
  say: () => undefined,
};
const components = { alertmanager: null, pushgateway: null, grafana: null };
const blocksHours = 50;

/** In this thread, as of a directory to which somebody writes. */
const countTsdb: CountTsdb = async (directory, { cutMs, settlingMs }) =>
  count(directory, { cutMs, settledMs: Date.now() - settlingMs });
/** To which nobody writes. */
const countQuiet: CountTsdb = async (directory, { cutMs }) => count(directory, { cutMs, settledMs: null });

type Cut = { readonly cutMs: number | null; readonly settledMs: number | null };

async function count(directory: string, cut: Cut): Promise<TsdbInventory> {
  let inventory: TsdbInventory | undefined;
  await performTask({ kind: 'inventory', directory, ...cut }, (message) => {
    if (message.type === 'failed') throw new Error(message.message);
    if (message.type === 'result') inventory = message.value as TsdbInventory;
  });
  if (inventory === undefined) throw new Error('nothing was counted');
  return inventory;
}

let endMs = 0;
let root = '';
const running: TestPrometheus[] = [];

/** A copy of the fixture: two days of blocks that end about five hours ago, and nothing else. */
async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(root, 'trip-'));
  await cp(join(root, 'fixture', 'data'), join(directory, 'data'), { recursive: true });
  return directory;
}

async function start(
  directory: string,
  flags: readonly string[] = [],
  options: { readonly alert?: boolean } = {},
): Promise<TestPrometheus> {
  const started = await startTestPrometheus({ program: prometheus, directory, flags, ...options });
  running.push(started);
  return started;
}

/** Scrapes come in until those of this process span so many milliseconds; the first comes after some seconds only. */
async function awaitHead(started: TestPrometheus, spanMs: number): Promise<void> {
  const { signal } = context;
  const startedMs = await started.reader.startedAtMs(signal);
  let firstMs: number | undefined;
  const look = async (): Promise<boolean> => {
    const newestMs = (await started.reader.head(signal)).maxMs ?? 0;
    if (newestMs > startedMs) firstMs ??= newestMs;
    return firstMs !== undefined && newestMs >= firstMs + spanMs;
  };
  expect(await awaitTrue(look, 60_000, signal)).toBe(true);
}

function stepsIn(directory: string): { readonly take: TakeInventoryStep; readonly prove: ProveStep } {
  const inventoryFile = join(directory, 'inventory.json');
  const base = { run: 'run-1', class: 'safe', title: '' } as const;
  return {
    take: { ...base, kind: 'take-inventory', phase: 'inventory', file: inventoryFile },
    prove: { ...base, kind: 'prove', phase: 'prove', file: join(directory, 'proof.json'), inventoryFile },
  };
}

async function takeInventory(
  directory: string,
  started: Pick<TestPrometheus, 'reader'> | null,
  counts = true,
): Promise<void> {
  const { take } = stepsIn(directory);
  const handler = createTakeInventoryHandler({
    now: Date.now,
    readWorld: async () => ({
      stack: 'monitoring',
      stackId: 'id',
      scrapeIntervalMs: 1000,
      retention: { timeMs: 90 * 24 * hour, sizeBytes: 0 },
      dataDirectory: join(directory, 'data'),
      prometheus: started?.reader ?? null,
      newestMs: null,
      countTsdb: !counts ? null : started === null ? countQuiet : countTsdb,
      components,
    }),
  });
  expect(await handler.isDone(take, context)).toBe(false);
  await handler.apply(take, context);
  expect(await handler.isDone(take, context)).toBe(true);
}

/** The proof that was written, and the error that was thrown with it. */
async function prove(
  directory: string,
  started: TestPrometheus,
): Promise<{ proof: Proof; error: unknown; settled: number }> {
  const { prove: step } = stepsIn(directory);
  let settled = 0;
  const handler = createProveHandler({
    now: Date.now,
    settle: async () => {
      settled += 1;
    },
    readWorld: async () => ({
      scrapeIntervalMs: 1000,
      dataDirectory: join(directory, 'data'),
      prometheus: started.reader,
      countTsdb,
      components,
    }),
  });
  const error: unknown = await handler.apply(step, context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const proof = await findProof(step.file);
  if (proof === undefined) throw error;
  expect(await handler.isDone(step, context)).toBe(error === undefined);
  return { proof, error, settled };
}

describe.skipIf(skip !== '').concurrent(`a real Prometheus, before and after${skip}`, { timeout: 240_000 }, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-proof-'));
    await mkdir(join(root, 'fixture'));
    endMs = Math.floor(Date.now() / (2 * hour)) * 2 * hour - 4 * hour;
    await makeTestBlocks({ promtool, directory: join(root, 'fixture'), endMs, hours: blocksHours });
  });
  afterAll(async () => {
    for (const started of running) await started.stop();
    await rm(root, { recursive: true, force: true });
  });

  test('a restart keeps everything, and the proof says how long nothing came in', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 5000);
    await takeInventory(directory, first);
    const stoppedMs = Date.now();
    await first.stop();
    const inventory = await readInventory(stepsIn(directory).take.file);
    expect(inventory.witness).toBe('prometheus');
    expect(stoppedMs - (inventory.completeToMs ?? 0)).toBeLessThan(60_000);
    expect(inventory.windows.filter((window) => window.where === 'blocks')).toHaveLength(20);
    const head = inventory.windows.filter((window) => window.where === 'head');
    expect(head.at(-1)?.toMs).toBe((inventory.completeToMs ?? 0) + 1);
    expect(head.flatMap((window) => window.metrics).find((metric) => metric.metric === 'up')?.series).toBe(1);
    await delay(3000);
    const { proof, error, settled } = await prove(directory, await start(directory));
    expect(error).toBeUndefined();
    expect(settled).toBe(1);
    expect(proof.lost).toEqual({ samples: 0, windows: [] });
    const inBlocks = blocksHours * 60 * 6;
    expect(proof.kept.samples).toBeGreaterThan(inBlocks);
    expect(proof.kept.series).toBeGreaterThan(100);
    expect(proof.expired).toEqual({ samples: 0 });
    expect(proof.tsdb?.lost).toEqual({ samples: 0, windows: [], series: null });
    expect(proof.tsdb?.kept.samples).toBeGreaterThanOrEqual(inBlocks);
    expect(proof.added.samples).toBeGreaterThan(0);
    expect(proof.gap?.fromMs).toBeGreaterThanOrEqual((inventory.completeToMs ?? 0) - 1000);
    expect(proof.gap?.fromMs).toBeLessThanOrEqual(stoppedMs);
    expect((proof.gap?.toMs ?? 0) - (proof.gap?.fromMs ?? 0)).toBeGreaterThanOrEqual(3000);
  });

  test('a block that appears while the head is asked is in the inventory, and the head behind it alone', async () => {
    const directory = await newDirectory();
    const newest = (await listTsdb(join(directory, 'data'))).blocks.at(-1);
    if (newest === undefined) throw new Error('no block');
    await rename(join(directory, 'data', newest.ulid), join(directory, newest.ulid));
    const started = await start(directory);
    await awaitHead(started, 3000);
    let asked = 0;
    const head: TestPrometheus['reader']['head'] = async (signal) => {
      asked += 1;
      if (asked === 1) await rename(join(directory, newest.ulid), join(directory, 'data', newest.ulid));
      return started.reader.head(signal);
    };
    await takeInventory(directory, { reader: { ...started.reader, head } });
    const inventory = await readInventory(stepsIn(directory).take.file);
    expect(asked).toBe(2);
    expect(inventory.blocks.map(({ ulid }) => ulid)).toContain(newest.ulid);
    const inHead = inventory.windows.filter(({ where }) => where === 'head');
    expect(inHead[0]?.fromMs).toBeGreaterThanOrEqual(newest.maxTime);
  });

  test('the gap ends with a scrape, although a pending alert is written before it', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 3000);
    await takeInventory(directory, first);
    await first.stop();
    const second = await start(directory, [], { alert: true });
    const { proof, error } = await prove(directory, second);
    expect(error).toBeUndefined();
    const times = await second.reader.listSampleTimes('up[2m]', Date.now(), context.signal);
    if ('failed' in times) throw new Error(times.failed);
    expect(times.flatMap(({ timesMs }) => timesMs)).toContain(proof.gap?.toMs);
  });

  test('a block that is moved away is a lost window with its samples', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 3000);
    await takeInventory(directory, first);
    await first.stop();
    const [, , block] = (await listTsdb(join(directory, 'data'))).blocks;
    if (block === undefined) throw new Error('no block');
    await rename(join(directory, 'data', block.ulid), join(directory, block.ulid));
    const second = await start(directory);
    const { proof, error, settled } = await prove(directory, second);
    expect(error).toBeInstanceOf(HoldfastError);
    expect((error as HoldfastError).exitStatus).toBe(13);
    expect((error as HoldfastError).message).toContain(new Date(block.minTime).toISOString());
    expect(settled).toBe(0);
    expect(proof.lost.samples).toBe(block.samples);
    // Prometheus may have compacted it since: then each of its sources is named.
    expect(proof.lost.windows[0]?.fromMs).toBe(block.minTime);
    expect(proof.lost.windows.at(-1)?.toMs).toBe(block.maxTime);
    expect((error as HoldfastError).code).toBe('samples-lost');
    expect(proof.tsdb?.lost.samples).toBe(block.samples);
    expect(proof.tsdb?.lost.windows.every(({ kind, exact }) => kind === 'missing' && exact)).toBe(true);
    await second.stop();
    await rename(join(directory, block.ulid), join(directory, 'data', block.ulid));
    const again = await prove(directory, await start(directory));
    expect(again.error).toBeUndefined();
    expect(again.proof.kept.samples).toBe(proof.kept.samples + block.samples);
  });

  test('other values in a block of the same name are what only the bytes see: the witnesses disagree', async () => {
    const directory = await newDirectory();
    // Nothing is compacted, so that each block stays as promtool made it.
    const flags = ['--storage.tsdb.max-block-duration=2h'];
    const first = await start(directory, flags);
    await awaitHead(first, 1000);
    await takeInventory(directory, first);
    await first.stop();
    const other = await mkdtemp(join(root, 'other-'));
    const atMs = endMs - 40 * hour + 60_000;
    await makeTestBlocks({ promtool, directory: other, endMs, hours: blocksHours, changed: { atMs, by: 0.5 } });
    const find = async (data: string) => {
      const { blocks } = await listTsdb(data);
      return blocks.find((block) => block.minTime <= atMs && atMs < block.maxTime)?.ulid ?? '';
    };
    const data = join(directory, 'data');
    const ulid = await find(data);
    const twin = await find(join(other, 'data'));
    const meta = join(other, 'data', twin, 'meta.json');
    await writeFile(meta, (await readFile(meta, 'utf8')).replaceAll(twin, ulid));
    await rename(join(data, ulid), join(directory, 'whole'));
    await rename(join(other, 'data', twin), join(data, ulid));
    const second = await start(directory, flags);
    const { proof, error, settled } = await prove(directory, second);
    expect(error).toMatchObject({ code: 'witnesses-disagree', exitStatus: 13 });
    expect(settled).toBe(0);
    expect(proof.lost).toEqual({ samples: 0, windows: [] });
    const fromMs = Math.floor(atMs / (2 * hour)) * 2 * hour;
    expect(proof.tsdb?.lost.windows).toMatchObject([{ fromMs, kind: 'changed', exact: false, samples: 1 }]);
    expect((error as HoldfastError).message).toContain(new Date(fromMs).toISOString());
    await second.stop();
    await rename(join(data, ulid), join(directory, 'broken'));
    await rename(join(directory, 'whole'), join(data, ulid));
    expect((await prove(directory, await start(directory, flags))).error).toBeUndefined();
  });

  test('a count of the bytes that is gone or another one is refused; an inventory without one is proved as ever', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 1000);
    await takeInventory(directory, first);
    const { take } = stepsIn(directory);
    const file = tsdbInventoryPath(take.file);
    const handler = createTakeInventoryHandler({ now: Date.now, readWorld: async () => Promise.reject(new Error()) });
    await rename(file, `${file}.aside`);
    await expect(handler.isDone(take, context)).rejects.toMatchObject({ code: 'corrupt-file' });
    await writeFile(file, (await readFile(`${file}.aside`, 'utf8')).replace('"samples":', '"samples":1'));
    await expect(handler.isDone(take, context)).rejects.toMatchObject({ code: 'corrupt-file' });
    await rename(take.file, `${take.file}.aside`);
    await takeInventory(directory, first, false);
    await first.stop();
    const { proof, error } = await prove(directory, await start(directory));
    expect([error, proof.tsdb]).toEqual([undefined, null]);
    expect(proof.kept.samples).toBeGreaterThan(blocksHours * 60 * 6);
  });

  test('a WAL that is cut is lost windows in the head', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 6000);
    await takeInventory(directory, first);
    await first.stop();
    const wal = join(directory, 'data', 'wal');
    for (const name of await readdir(wal)) {
      // A segment ends in zeros up to its page of 32 KiB; half of what comes before them is cut away.
      const written = (await readFile(join(wal, name))).findLastIndex((byte) => byte !== 0) + 1;
      await truncate(join(wal, name), Math.floor(written / 2));
    }
    const { proof, error } = await prove(directory, await start(directory));
    expect(error).toBeInstanceOf(HoldfastError);
    expect(proof.lost.samples).toBeGreaterThan(0);
    const inventory = await readInventory(stepsIn(directory).take.file);
    const headFromMs = Math.max(...inventory.blocks.map((block) => block.maxTime));
    expect(proof.lost.windows.every((window) => window.fromMs >= headFromMs)).toBe(true);
    expect(proof.lost.windows[0]?.reason).toMatch(/^head: .*samples/);
    expect(proof.kept.samples).toBeGreaterThanOrEqual(blocksHours * 60 * 6);
  });

  test('what was cut from the head and compacted in between is kept', async () => {
    const directory = await newDirectory();
    // Where a cut takes longer than what it cuts, Prometheus never comes to compacting.
    const flags = ['--storage.tsdb.min-block-duration=4s', '--storage.tsdb.max-block-duration=36s'];
    const first = await start(directory, flags);
    const { signal } = context;
    const known = new Set((await listTsdb(join(directory, 'data'))).blocks.map((block) => block.ulid));
    const cut = async () => (await listTsdb(join(directory, 'data'))).blocks.filter((block) => !known.has(block.ulid));
    // The first one of all may stand alone in its 36 s, and is then never compacted.
    expect(await awaitTrue(async () => (await cut()).length >= 2, 120_000, signal)).toBe(true);
    await takeInventory(directory, first);
    const inventory = await readInventory(stepsIn(directory).take.file);
    const young = inventory.blocks.filter(({ ulid }) => !known.has(ulid)).sort((a, b) => a.maxTime - b.maxTime);
    const newest = young.at(-1)?.ulid;
    expect(newest).toBeDefined();
    const isCompacted = async () => !(await cut()).some(({ ulid }) => ulid === newest);
    expect(await awaitTrue(isCompacted, 150_000, signal)).toBe(true);
    await first.stop();
    const { proof, error } = await prove(directory, await start(directory, flags));
    expect(error).toBeUndefined();
    expect(proof.lost.samples).toBe(0);
    expect(proof.kept.samples).toBeGreaterThan(blocksHours * 60 * 6);
  });

  test('where Prometheus does not run, meta.json and the bytes are the witnesses; without the bytes, a WAL is unproven', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 1000);
    await first.stop();
    await takeInventory(directory, null, false);
    const rulesOf = ({ findings }: { readonly findings: readonly { readonly rule: string }[] }) =>
      findings.map(({ rule }) => rule);
    const { file } = stepsIn(directory).take;
    expect(rulesOf(await readInventory(file))).toEqual(['unproven-head']);
    await rename(file, `${file}.aside`);
    await takeInventory(directory, null);
    const inventory = await readInventory(file);
    expect(inventory).toMatchObject({ witness: 'meta', windows: [], prometheusVersion: null });
    expect(inventory.completeToMs).toBe(Math.max(...inventory.blocks.map((block) => block.maxTime)) - 1);
    expect(rulesOf(inventory)).toEqual(['head-by-bytes-alone']);
    const { proof, error } = await prove(directory, await start(directory));
    expect(error).toBeUndefined();
    expect(proof.kept.samples).toBe(blocksHours * 60 * 6);
    expect(proof.tsdb?.kept.samples).toBeGreaterThan(blocksHours * 60 * 6);
    expect(rulesOf(proof)).toContain('head-by-bytes-alone');
    expect(provenComponents(proof)).toContain('prometheus');
  });

  test('where Prometheus does not run, a WAL that is gone is what the bytes miss', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 3000);
    await first.stop();
    await takeInventory(directory, null);
    await rm(join(directory, 'data', 'wal'), { recursive: true });
    const { proof, error } = await prove(directory, await start(directory));
    expect(error).toMatchObject({ exitStatus: 13 });
    expect(proof.tsdb?.lost.samples).toBeGreaterThan(100);
    expect(provenComponents(proof)).not.toContain('prometheus');
  });
});
