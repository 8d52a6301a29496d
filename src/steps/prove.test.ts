import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StepContext } from '../model/handler.ts';
import type { Proof } from '../model/proof.ts';
import { findTestProgram, missing } from '../stack/find-test-program.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { awaitTrue } from './await-ready.ts';
import { readInventory } from '../data-root/inventory-file.ts';
import { findProof } from '../data-root/proof-file.ts';
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

let root = '';
const running: TestPrometheus[] = [];

/** A copy of the fixture: two days of blocks that end about five hours ago, and nothing else. */
async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(root, 'trip-'));
  await cp(join(root, 'fixture', 'data'), join(directory, 'data'), { recursive: true });
  return directory;
}

async function start(directory: string, flags: readonly string[] = []): Promise<TestPrometheus> {
  const started = await startTestPrometheus({ program: prometheus, directory, flags });
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
  expect(await awaitTrue(look, 30_000, signal)).toBe(true);
}

function stepsIn(directory: string): { readonly take: TakeInventoryStep; readonly prove: ProveStep } {
  const inventoryFile = join(directory, 'inventory.json');
  const base = { run: 'run-1', class: 'safe', title: '' } as const;
  return {
    take: { ...base, kind: 'take-inventory', phase: 'inventory', file: inventoryFile },
    prove: { ...base, kind: 'prove', phase: 'prove', file: join(directory, 'proof.json'), inventoryFile },
  };
}

async function takeInventory(directory: string, started: TestPrometheus | null): Promise<void> {
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

describe.skipIf(skip !== '').concurrent(`a real Prometheus, before and after${skip}`, { timeout: 60_000 }, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-proof-'));
    await mkdir(join(root, 'fixture'));
    const endMs = Math.floor(Date.now() / (2 * hour)) * 2 * hour - 4 * hour;
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
    expect(proof.added.samples).toBeGreaterThan(0);
    expect(proof.gap?.fromMs).toBeGreaterThanOrEqual((inventory.completeToMs ?? 0) - 1000);
    expect(proof.gap?.fromMs).toBeLessThanOrEqual(stoppedMs);
    expect((proof.gap?.toMs ?? 0) - (proof.gap?.fromMs ?? 0)).toBeGreaterThanOrEqual(3000);
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
    await second.stop();
    await rename(join(directory, block.ulid), join(directory, 'data', block.ulid));
    const again = await prove(directory, await start(directory));
    expect(again.error).toBeUndefined();
    expect(again.proof.kept.samples).toBe(proof.kept.samples + block.samples);
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
    const flags = ['--storage.tsdb.min-block-duration=2s', '--storage.tsdb.max-block-duration=18s'];
    const first = await start(directory, flags);
    const { signal } = context;
    const known = new Set((await listTsdb(join(directory, 'data'))).blocks.map((block) => block.ulid));
    const cut = async () => (await listTsdb(join(directory, 'data'))).blocks.filter((block) => !known.has(block.ulid));
    expect(await awaitTrue(async () => (await cut()).length > 0, 20_000, signal)).toBe(true);
    await takeInventory(directory, first);
    const inventory = await readInventory(stepsIn(directory).take.file);
    const young = new Set(inventory.blocks.map((block) => block.ulid).filter((ulid) => !known.has(ulid)));
    expect(young.size).toBeGreaterThan(0);
    const isCompacted = async () => !(await cut()).some((block) => young.has(block.ulid));
    expect(await awaitTrue(isCompacted, 30_000, signal)).toBe(true);
    await first.stop();
    const { proof, error } = await prove(directory, await start(directory, flags));
    expect(error).toBeUndefined();
    expect(proof.lost.samples).toBe(0);
    expect(proof.kept.samples).toBeGreaterThan(blocksHours * 60 * 6);
  });

  test('where Prometheus does not run, meta.json is the witness, and a WAL is named as unproven', async () => {
    const directory = await newDirectory();
    const first = await start(directory);
    await awaitHead(first, 1000);
    await first.stop();
    await takeInventory(directory, null);
    const inventory = await readInventory(stepsIn(directory).take.file);
    expect(inventory).toMatchObject({ witness: 'meta', windows: [], prometheusVersion: null });
    expect(inventory.completeToMs).toBe(Math.max(...inventory.blocks.map((block) => block.maxTime)) - 1);
    expect(inventory.findings.map((finding) => finding.rule)).toEqual(['unproven-head']);
    const { proof, error } = await prove(directory, await start(directory));
    expect(error).toBeUndefined();
    expect(proof.kept.samples).toBe(blocksHours * 60 * 6);
    expect(proof.findings.map((finding) => finding.rule)).toContain('unproven-head');
  });
});
