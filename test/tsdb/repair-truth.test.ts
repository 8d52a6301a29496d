/**
 * What repair says is true, whatever happens beside it: samples that were gained hide none that were lost, what was deleted
 * and comes back is named, another's block is never taken for our copy, and a block whose successor is damaged too is kept.
 * And it never gets stuck: whatever a killed writer left or somebody took away, the same plan or a fresh one finishes.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findRepairProof } from '../../src/data-root/quarantine-files.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { successorOf } from '../../src/tsdb/repair/survey-block.ts';
import { surveyTsdb } from '../../src/tsdb/repair/survey.ts';
import { writeTombstones } from '../../src/tsdb/write/write-tombstones.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { carryOutRepair, planFor, repairDirectory } from './repair-directory.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const run = promisify(execFile);
const hourMs = 3_600_000;
const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
const everyMs = 30_000;
const perSeries = (2 * hourMs) / everyMs;
const series = 5;

describe.skipIf(programs === undefined)('a repair (skipped where there is no promtool)', () => {
  let directory = '';
  let data = '';
  let blocks: readonly string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-truth-'));
    const promtool = join(programs ?? '', 'promtool');
    const shape = { startMs, everyMs, valueOf: (one: number, at: number) => Math.sin(one * 7 + at) };
    await makeBlocksByPromtool(promtool, { ...shape, into: join(directory, 'whole'), hours: 6, series });
    await makeOther(join(directory, 'other'));
    blocks = await blocksIn(join(directory, 'whole'));
  });
  beforeEach(async () => {
    data = join(directory, 'data');
    for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
    await cp(join(directory, 'whole'), data, { recursive: true });
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const proofOf = async () => findRepairProof(join(`${data}-quarantine`, 'run-1', 'proof.json'));
  const [first, second, third] = [() => blocks[0] ?? '', () => blocks[1] ?? '', () => blocks[2] ?? ''];

  test('does not hide what was lost behind what was gained in the same two hours', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const plan = planFor(data);
    await carryOutRepair({ ...plan, steps: plan.steps.slice(0, -1) });
    // What was written anew is lost, and a block with more samples of other series appears in its two hours.
    const [other = ''] = await blocksIn(join(directory, 'other'));
    await rm(join(data, successorOf(first())), { recursive: true });
    await cp(join(directory, 'other', other), join(data, other), { recursive: true });
    await carryOutRepair({ ...plan, steps: plan.steps.slice(-1) });
    const proof = await proofOf();
    expect(proof?.kept.samples).toBeGreaterThan(proof?.readableBefore.samples ?? Infinity);
    const samples = series * perSeries - 120;
    expect(proof?.lost).toMatchObject({ samples, windows: [{ fromMs: startMs, toMs: startMs + 2 * hourMs, samples }] });
    expect(proof?.lost.series.listed.map(({ missing }) => missing)).toEqual([120, 240, 240, 240, 240]);
  });

  test('tells what is missing where somebody else took away what had stayed', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const plan = planFor(data);
    await carryOutRepair({ ...plan, steps: plan.steps.slice(0, -1) });
    const [other = ''] = await blocksIn(join(directory, 'other'));
    await rm(join(data, second()), { recursive: true });
    await cp(join(directory, 'other', other), join(data, other), { recursive: true });
    await carryOutRepair(plan);
    expect(await proofOf()).toMatchObject({ lost: { samples: series * perSeries } });
  });

  test('names what was deleted and comes back, since its tombstones were damaged', async () => {
    const path = join(data, first(), 'tombstones');
    await rm(path);
    writeTombstones(path, [{ reference: 4, intervals: [[startMs, startMs + hourMs]] }]);
    await flip(path, 7);
    expect(
      planFor(data)
        .findings.map(({ message }) => message)
        .join(),
    ).toContain('comes back');
    const proof = await repairDirectory(data);
    expect(proof?.blocks).toMatchObject([{ ulid: first(), undeleted: true }]);
    expect(proof?.lost.samples).toBe(0);
  });

  test('takes no other block of its name for its copy', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const taken = join(data, successorOf(first()));
    await copyBlockAs(join(data, second()), taken);
    const before = inventoryOf(data);
    const proof = await repairDirectory(data);
    expect(proof?.blocks[0]?.to).toBe(successorOf(first(), 1));
    expect(proof?.lost.samples).toBe(0);
    expect(inventoryOf(data).windows).toEqual(before.windows);
  });

  test('takes no block for its copy that says the same of itself and holds other values', async () => {
    const twin = join(directory, 'twin');
    const shape = { startMs, everyMs, valueOf: (one: number, at: number) => Math.cos(one * 7 + at) };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into: twin, hours: 2, series });
    const [name = ''] = await blocksIn(twin);
    for (const path of [join(twin, name), join(data, first())]) await flip(join(path, 'chunks', '000001'), 100);
    await repairDirectory(twin);
    const taken = join(data, successorOf(first()));
    await copyBlockAs(join(twin, successorOf(name)), taken);
    const meta = join(taken, 'meta.json');
    await writeFile(meta, (await readFile(meta, 'utf8')).replaceAll(name, first()));
    expect(planFor(data).steps.flatMap((step) => (step.kind === 'rewrite-block' ? [step.to] : []))).toEqual([
      successorOf(first(), 1),
    ]);
  });

  test('writes a second copy where its first one is damaged, or its original came back and was damaged elsewhere', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const one = await repairDirectory(data);
    await cp(join(directory, 'whole', first()), join(data, first()), { recursive: true });
    await flip(join(data, first(), 'chunks', '000001'), 4000);
    const two = await repairDirectory(data, 'run-2');
    expect([one?.blocks[0]?.to, two?.blocks[0]?.to]).toEqual([successorOf(first()), successorOf(first(), 1)]);
    expect(two?.lost.samples).toBe(0);
    // Each lacks a chunk, and both together none.
    expect(inventoryOf(data).totals.samples).toBe(3 * series * perSeries);
  });

  test('refuses to write over a block that came into the place of its copy, and goes on once that is away', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const plan = planFor(data);
    const taken = join(data, successorOf(first()));
    await copyBlockAs(join(data, second()), taken);
    await expect(carryOutRepair(plan)).rejects.toMatchObject({ code: 'io' });
    expect(await blocksIn(data)).toContain(first());
    await rename(taken, join(directory, 'away'));
    await carryOutRepair(plan);
    expect((await proofOf())?.lost.samples).toBe(0);
    await rm(join(directory, 'away'), { recursive: true });
  });

  test('keeps what is whole of a block whose successor is damaged as well', async () => {
    const meta = join(data, third(), 'meta.json');
    const said = JSON.parse(await readFile(meta, 'utf8')) as { compaction: object };
    const parents = [{ ulid: first(), minTime: startMs, maxTime: startMs + 2 * hourMs }];
    await writeFile(meta, JSON.stringify({ ...said, compaction: { ...said.compaction, level: 2, parents } }));
    await flip(join(data, first(), 'chunks', '000001'), 100);
    expect(surveyTsdb(data, () => undefined).blocks).toMatchObject([{ ulid: first(), isReplaced: true, keep: null }]);
    await flip(join(data, third(), 'chunks', '000001'), 100);
    const { blocks: damaged } = surveyTsdb(data, () => undefined);
    expect(damaged.map(({ isReplaced, keep }) => [isReplaced, keep !== null])).toEqual([
      [false, true],
      [false, true],
    ]);
    const proof = await repairDirectory(data);
    expect(proof?.lost.samples).toBe(0);
    expect(inventoryOf(data).totals.samples).toBeGreaterThan(2.5 * series * perSeries);
  });

  test('is not stuck on what a killed repair left half-made, nor on what has gone meanwhile', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const half = `${successorOf(first())}.tmp-for-creation`;
    const foreign = '01HZZZZZZZZZZZZZZZZZZZZZZZ.tmp-for-creation';
    for (const name of [half, foreign]) await mkdir(join(data, name, 'chunks'), { recursive: true });
    const plan = planFor(data);
    await carryOutRepair({ ...plan, steps: plan.steps.slice(0, 3) });
    // As Prometheus does when it starts.
    await rm(join(data, foreign), { recursive: true, force: true });
    // As a repair leaves it that is killed while it writes.
    await mkdir(join(data, `${successorOf(first(), 1)}.tmp-for-creation`));
    await carryOutRepair(plan);
    expect((await proofOf())?.lost.samples).toBe(0);
    expect(planFor(data).steps).toEqual([]);
    expect(await readdir(join(`${data}-quarantine`, 'run-1'))).toContain(half);
  });

  test('counts the same at every moment, also where what it had counted is gone', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const plan = planFor(data);
    const before = join(`${data}-quarantine`, 'run-1', 'before.json');
    await carryOutRepair({ ...plan, steps: plan.steps.slice(0, -1) });
    const counted = await readFile(before, 'utf8');
    await writeFile(before, '{');
    await carryOutRepair({ ...plan, steps: plan.steps.slice(0, -1) });
    expect(JSON.parse(await readFile(before, 'utf8'))).toMatchObject({
      inventory: { windows: (JSON.parse(counted) as { inventory: { windows: object } }).inventory.windows },
    });
  });

  test('copies from the quarantine what is to be copied again', async () => {
    await flip(join(data, first(), 'chunks', '000001'), 100);
    const plan = planFor(data);
    await carryOutRepair({ ...plan, steps: plan.steps.slice(0, -1) });
    await rm(join(data, successorOf(first())), { recursive: true });
    await carryOutRepair(plan);
    expect(await proofOf()).toMatchObject({ lost: { samples: 0 }, undecided: { samples: 0 } });
  });
});

async function blocksIn(path: string): Promise<readonly string[]> {
  return (await readdir(path)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name)).sort();
}

function inventoryOf(path: string) {
  return takeInventory({ files: quietFiles(path), settledMs: null, onRead: () => undefined });
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

async function copyBlockAs(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const meta = join(to, 'meta.json');
  const said = JSON.parse(await readFile(meta, 'utf8')) as object;
  await writeFile(meta, JSON.stringify({ ...said, ulid: to.split('/').at(-1) }));
}

/** A block over the first two hours, of three times as many series of another name. */
async function makeOther(into: string): Promise<void> {
  await mkdir(into);
  const lines = ['# TYPE other_value gauge'];
  for (let one = 0; one < 3 * series; one += 1) {
    for (let at = 0; at < perSeries; at += 1)
      lines.push(`other_value{series="${one}"} ${at} ${(startMs + at * everyMs) / 1000}`);
  }
  await writeFile(`${into}.om`, `${lines.join('\n')}\n# EOF\n`);
  await run(join(programs ?? '', 'promtool'), ['tsdb', 'create-blocks-from', '-q', 'openmetrics', `${into}.om`, into]);
}
