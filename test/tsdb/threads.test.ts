/**
 * Two threads say what one says. A Prometheus' blocks, some of which overlap, some damaged, beside a head with samples that
 * came out of order, are counted and checked alone and with a helper, unit by unit as small as they can be: the same inventory
 * to the last digest, the same findings in the same order. A limit of speed holds for both together, and an abort ends both.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOptions, repository } from '../../tools/build.mjs';
import { performCheck, performCheckHelped } from '../../src/tsdb/check/perform-check.ts';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { takeInventory, takeInventoryHelped } from '../../src/tsdb/inventory/take-inventory.ts';
import { runInThread } from '../../src/tsdb/run-in-thread.ts';
import { helperStarter } from '../../src/tsdb/threads/start-helper.ts';
import type { CheckTask } from '../../src/tsdb/tsdb-task.ts';
import { waitFor } from '../harness/wait-for.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { countCutBlocks, openFixture, pushRounds, type Fixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const prometheus3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const hourMs = 3_600_000;
const minuteMs = 60_000;
const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;

let home = '';
let workerFile: URL;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-threads-'));
  const outdir = join(home, 'built');
  const entryPoints = { 'tsdb-worker': join(repository, 'src/tsdb/tsdb-worker.ts') };
  await build({ ...(await buildOptions()), entryPoints, outdir, write: true });
  await writeFile(join(outdir, 'package.json'), '{"type":"module"}\n');
  workerFile = pathToFileURL(join(outdir, 'tsdb-worker.js'));
});
afterAll(async () => rm(home, { recursive: true, force: true }));

describe.skipIf(programs === undefined)('blocks of promtool (skipped where there is none)', () => {
  const data = () => join(home, 'data');

  beforeAll(async () => {
    const make = async (from: { readonly startMs: number; readonly hours: number }) =>
      makeBlocksByPromtool(join(programs ?? '', 'promtool'), {
        ...from,
        into: data(),
        everyMs: 30_000,
        series: 40,
        valueOf: (series, at) => (at % 97 === 0 ? NaN : series * at + at / 7),
      });
    await make({ startMs, hours: 10 });
    // Reaches into two of them, and one that meets another one within a window.
    await make({ startMs: startMs + hourMs, hours: 2 });
    await make({ startMs: startMs + 11 * hourMs, hours: 2 });
  });

  test('are counted alike, also up to a cut in the midst of them', async () => {
    for (const cutMs of [null, startMs + 5 * hourMs + 1, startMs + 12 * hourMs]) {
      const { alone, helped, helpers } = await inventories(data(), cutMs);
      expect(alone.totals.samples).toBe(40 * (1200 + 240));
      expect(helped).toEqual(alone);
      expect(helpers).toBe(1);
    }
  });

  test('are checked alike', async () => {
    const { alone, helped } = await checks(data());
    expect(helped).toEqual(alone);
    expect(alone.ok).toBe(true);
  });

  test('damaged, they bear the same findings in the same order', async () => {
    const damaged = join(home, 'damaged');
    await cp(data(), damaged, { recursive: true });
    const names = await readdir(damaged);
    const files = names.map((name, number) => join(damaged, name, number % 2 === 0 ? 'index' : 'chunks/000001'));
    for (const [number, file] of files.entries()) {
      const bytes = await readFile(file);
      // In the series section, or in a chunk, or at the very beginning.
      const at = number % 3 === 0 ? 2 : Math.floor(bytes.length / 3);
      bytes[at] = (bytes[at] as number) ^ 4;
      await writeFile(file, bytes);
    }
    const inventory = await inventories(damaged, null);
    expect(inventory.alone.findings.length).toBeGreaterThan(3);
    expect(inventory.helped).toEqual(inventory.alone);
    const check = await checks(damaged);
    expect(check.alone.findings.length).toBeGreaterThan(3);
    expect(check.helped).toEqual(check.alone);
  });

  test('a meta that lies of its times costs no time and no memory', async () => {
    const lying = join(home, 'lying');
    for (const [minTime, maxTime] of [
      [0, Number.MAX_SAFE_INTEGER],
      [0, 0],
      [-Number.MAX_SAFE_INTEGER, 1],
    ] as const) {
      await cp(data(), lying, { recursive: true });
      const [first = ''] = (await readdir(lying)).sort();
      const file = join(lying, first, 'meta.json');
      const meta = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...meta, minTime, maxTime }));
      const { alone, helped } = await inventories(lying, null);
      expect(helped.windows).toEqual(alone.windows);
      expect(alone.windows.length).toBeLessThan(20);
      expect(alone.totals.series).toBe(40);
      await rm(lying, { recursive: true });
    }
  });

  test('no faster than both may be together, and an abort ends both', async () => {
    const before = await threadsOf();
    const task: CheckTask = { kind: 'check', directory: data(), isLive: false, maxBytesPerSecond: 1000 };
    const aborting = new AbortController();
    const files = holdFiles(data());
    const fast = { ...task, maxBytesPerSecond: 4 * files.sizeBytes };
    const help = { shared: files.share(), startHelper: helperStarter(workerFile), fewestBytes: 1 };
    const { seconds, bytes } = await performCheckHelped(fast, files, { onRead: () => undefined, help });
    files.close();
    expect(bytes).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThanOrEqual(bytes / fast.maxBytesPerSecond);
    const checking = runInThread(task, { workerFile, onProgress: () => undefined, signal: aborting.signal });
    await waitFor('the thread runs', async () => (await threadsOf()) > before);
    aborting.abort(new Error('enough'));
    await expect(checking).rejects.toThrow('enough');
    await waitFor('the threads are gone', async () => (await threadsOf()) <= before);
  });
});

describe.skipIf(prometheus3 === undefined)('a head with samples that came out of order', () => {
  let fixture: Fixture;
  const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
  beforeAll(async () => {
    const config = { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} };
    fixture = await openFixture({ program: prometheus3 ?? '', flags: ['--web.enable-otlp-receiver'], config });
    await fixture.start();
  });
  afterAll(async () => fixture.cleanUp());

  /** Between the others, and some at their very times; again where Prometheus has put them into blocks before it ended. */
  const pushLate = async (): Promise<void> => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (attempt > 0) await fixture.start();
      const fromMs = nowMs - 620 * minuteMs + 30_000 + attempt * 1000;
      await pushRounds(fixture, { fromMs, rounds: 200, everyMs: minuteMs });
      await pushRounds(fixture, { fromMs: nowMs - 500 * minuteMs, rounds: 100, everyMs: minuteMs });
      await fixture.stop();
      if (fixture.inventory().totals.outOfOrderSamples > 100) return;
    }
  };

  test('is counted alike by one thread, by two, and in many passes', async () => {
    await pushRounds(fixture, { fromMs: nowMs - 720 * minuteMs, rounds: 540, everyMs: minuteMs });
    await waitFor('the head is cut into blocks', async () => (await countCutBlocks(fixture.data)) >= 3, {
      timeoutMs: 120_000,
    });
    await pushLate();
    const { alone, helped } = await inventories(fixture.data, null);
    expect(helped).toEqual(alone);
    expect(alone.totals.outOfOrderSamples).toBeGreaterThan(100);
    for (const mostLate of [7, 60, 400]) {
      const files = holdFiles(fixture.data);
      const inPasses = takeInventory({ files, settledMs: null, onRead: () => undefined, mostLate });
      files.close();
      expect(inPasses).toEqual(alone);
    }
  });
});

async function inventories(directory: string, cutMs: number | null) {
  const files = holdFiles(directory);
  let helpers = 0;
  const start = helperStarter(workerFile);
  const startHelper: typeof start = async (task) => {
    helpers += 1;
    return start(task);
  };
  try {
    const options = { files, settledMs: null, cutMs, onRead: () => undefined };
    const alone = takeInventory(options);
    const shared = files.share();
    const helped = await takeInventoryHelped({ ...options, directory, shared, startHelper, fewestBytes: 1 });
    return { alone, helped, helpers };
  } finally {
    files.close();
  }
}

async function checks(directory: string) {
  const files = holdFiles(directory);
  try {
    const task: CheckTask = { kind: 'check', directory, isLive: false, maxBytesPerSecond: null };
    const onRead = (): void => undefined;
    const help = { shared: files.share(), startHelper: helperStarter(workerFile), fewestBytes: 1 };
    const alone = { ...performCheck(task, files, onRead), seconds: 0 };
    const helped = { ...(await performCheckHelped(task, files, { onRead, help })), seconds: 0 };
    return { alone, helped };
  } finally {
    files.close();
  }
}

async function threadsOf(): Promise<number> {
  return (await readdir(`/proc/self/task`)).length;
}
