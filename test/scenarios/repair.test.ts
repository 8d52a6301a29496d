/**
 * A data directory with blocks and a WAL of several segments is damaged in every way that a disk knows, one at a time and
 * all at once. `holdfast repair` plans, asks for the name, and does it: a real Prometheus, that had refused or would have
 * thrown away what followed, starts on it; the proof says to the sample what was kept and what is gone; and every original
 * is still there. Killed at every step, the same command finishes the work with the same result.
 */
import { execFile } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RepairProof } from '../../src/model/repair-step.ts';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { readIndexHeader } from '../../src/tsdb/block/index-header.ts';
import { FileWindow } from '../../src/tsdb/bytes/file-window.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture, type Fixture } from '../tsdb/prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const run = promisify(execFile);
const hourMs = 3_600_000;
const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
const series = 40;
const samplesInBlock = series * 240;

let directory = '';
let whole = '';
let holdfast: Holdfast;
let blocks: readonly string[] = [];
let wholeInventory: TsdbInventory;

beforeAll(async () => {
  if (programs === undefined) return;
  directory = await mkdtemp(join(tmpdir(), 'holdfast-repair-'));
  holdfast = await openHoldfast();
  whole = await makeWhole();
  blocks = (await readdir(whole)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name)).sort();
  wholeInventory = inventoryOf(whole);
});
afterAll(async () => {
  if (programs === undefined) return;
  await holdfast.cleanUp();
  await rm(directory, { recursive: true, force: true });
});

interface Damage {
  readonly name: string;
  /** Does it to a copy of the whole directory. */
  readonly apply: (data: string) => Promise<void>;
  /** Whether a Prometheus starts on it as it is. */
  readonly starts: boolean;
  readonly rule: string;
  /** Samples of blocks that are gone for good. */
  readonly gone?: number;
  /** Samples of the WAL may be gone too. */
  readonly walDamage?: boolean;
}

const block = (index: number): string => blocks[index] ?? '';
const damages: readonly Damage[] = [
  {
    name: 'a flipped byte in a chunk',
    apply: async (data) => flip(join(data, block(0), 'chunks', '000001'), 100),
    starts: true,
    rule: 'damaged-block',
    gone: 120,
  },
  {
    name: 'a flipped byte in the symbols of an index',
    apply: async (data) => flip(join(data, block(1), 'index'), 20),
    starts: false,
    rule: 'damaged-block',
    gone: samplesInBlock,
  },
  {
    name: 'a flipped byte in a series entry',
    apply: async (data) => {
      const index = join(data, block(2), 'index');
      await flip(index, (await tocOf(data, block(2))).series + 8);
    },
    starts: true,
    rule: 'damaged-block',
    gone: 240,
  },
  {
    name: 'a flipped byte in the table of postings',
    apply: async (data) => flip(join(data, block(3), 'index'), (await tocOf(data, block(3))).postingsTable + 12),
    starts: false,
    rule: 'damaged-block',
    gone: 0,
  },
  {
    name: 'tombstones that were cut off',
    apply: async (data) => truncate(join(data, block(4), 'tombstones'), 5),
    starts: false,
    rule: 'damaged-block',
    gone: 0,
  },
  {
    name: 'no meta.json',
    apply: async (data) => rm(join(data, block(5), 'meta.json')),
    starts: true,
    rule: 'damaged-block',
    gone: 0,
  },
  {
    name: 'no chunk file',
    apply: async (data) => rm(join(data, block(0), 'chunks', '000001')),
    starts: true,
    rule: 'damaged-block',
    gone: samplesInBlock,
  },
  {
    name: 'a flipped byte in a segment of the WAL',
    apply: async (data) => flip(join(data, 'wal', '00000001'), 50_000),
    starts: true,
    rule: 'damaged-segment',
    walDamage: true,
  },
  {
    name: 'zeros over a part of a segment',
    apply: async (data) => {
      const path = join(data, 'wal', '00000001');
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0, 40_000, 41_000));
    },
    starts: true,
    rule: 'damaged-segment',
    walDamage: true,
  },
  {
    name: 'a segment that ends within a record, and is not the last',
    apply: async (data) => {
      const path = join(data, 'wal', '00000001');
      await truncate(path, (await stat(path)).size - 20_000);
    },
    starts: true,
    rule: 'damaged-segment',
    walDamage: true,
  },
  {
    name: 'a segment that is missing',
    apply: async (data) => rm(join(data, 'wal', '00000001')),
    starts: false,
    rule: 'missing-segment',
    walDamage: true,
  },
];

describe.skipIf(programs === undefined)('repair (skipped where there is no Prometheus)', () => {
  test.each(damages)('$name', async ({ apply, starts, rule, gone = 0, walDamage = false }) => {
    const data = await copyWhole();
    await apply(data);
    expect(await doesStart(data)).toBe(starts);
    const before = inventoryOf(data);
    const planned = await holdfast.succeed(['repair', data, '--plan']);
    expect(planned.json.plan?.findings.map((finding) => finding.rule)).toContain(rule);
    expect(inventoryOf(data).windows).toEqual(before.windows);
    const proof = await repair(data);
    expect(proof.lost.samples).toBe(0);
    expect(proof.gone.blockSamples).toBe(gone);
    expect(proof.gone.walBytes > 0).toBe(walDamage && rule !== 'missing-segment');
    const after = inventoryOf(data);
    expect(after.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(after.totals.samples).toBe(proof.kept.samples);
    expect(after.totals.samples).toBeGreaterThanOrEqual(before.totals.samples);
    if (!walDamage) expect(after.totals.samples).toBe(wholeInventory.totals.samples - gone);
    else if (rule !== 'missing-segment') expect(after.totals.samples).toBeGreaterThan(before.totals.samples);
    await startsAndAnswers(data, after);
    expect((await holdfast.succeed(['repair', data, '--plan'])).json.plan?.steps).toEqual([]);
  });

  test('what a crash left half-made, and head chunks with a wrong beginning, go aside', async () => {
    const data = await copyWhole();
    await mkdir(join(data, '01HZZZZZZZZZZZZZZZZZZZZZZZ.tmp-for-creation', 'chunks'), { recursive: true });
    await mkdir(join(data, 'chunks_head'), { recursive: true });
    await writeFile(join(data, 'chunks_head', '000001'), Buffer.alloc(64, 7));
    expect(await doesStart(data)).toBe(false);
    const proof = await repair(data);
    expect(proof.kept.samples).toBe(wholeInventory.totals.samples);
    const aside = join(`${data}-quarantine`, proof.run);
    expect((await readdir(aside)).sort()).toEqual(
      [
        '01HZZZZZZZZZZZZZZZZZZZZZZZ.tmp-for-creation',
        'before.json',
        'chunks_head',
        'manifest.json',
        'proof.json',
      ].sort(),
    );
    const manifest = JSON.parse(await readFile(join(aside, 'manifest.json'), 'utf8')) as { readonly directory: string };
    expect(manifest.directory).toBe(data);
    await startsAndAnswers(data, wholeInventory);
  });

  test(
    'everything at once, and killed at every step: the same command finishes it, and nothing is deleted',
    { timeout: 1_200_000 },
    async () => {
      const broken = join(directory, 'broken');
      await cp(whole, broken, { recursive: true });
      for (const { apply, name } of damages) {
        // The segment is damaged in one way, and is there.
        if (name !== 'no chunk file' && !/zeros|ends within|missing/.test(name)) await apply(broken);
      }
      const reference = await copyOf(broken);
      const expected = await repair(reference);
      const { plan } = (await holdfast.succeed(['repair', broken, '--plan'])).json;
      const count = plan?.steps.length ?? 0;
      expect(count).toBeGreaterThan(12);
      let killed = 0;
      for (let step = 0; step < count; step += 1) {
        const data = await copyOf(broken);
        if (await killAt(data, step)) killed += 1;
        const proof = await repair(data);
        expect({ ...proof, ...placeless }).toEqual({ ...expected, ...placeless });
        expect(inventoryOf(data).windows).toEqual(inventoryOf(reference).windows);
        for (const { ulid } of proof.blocks) {
          const original = join(`${data}-quarantine`, proof.run, ulid);
          expect(await snapshot(original)).toEqual(await snapshot(join(broken, ulid)));
        }
        await rm(data, { recursive: true });
        await rm(`${data}-quarantine`, { recursive: true });
      }
      expect(killed).toBeGreaterThan(count - 3);
      await startsAndAnswers(reference, inventoryOf(reference));
    },
  );

  test('refuses while a Prometheus writes there, another name, and no name at all', async () => {
    const data = await copyWhole();
    await flip(join(data, block(0), 'chunks', '000001'), 100);
    expect((await holdfast.run(['repair', data])).json.error?.code).toBe('confirmation-missing');
    expect((await holdfast.run(['repair', data, '--confirm', 'other'])).json.error?.code).toBe('wrong-name');
    const fixture = await openAt(data);
    try {
      await fixture.start();
      const { exitCode, json } = await holdfast.run(['repair', fixture.data, '--confirm', 'data']);
      expect([exitCode, json.error?.code]).toEqual([11, 'volume-locked']);
    } finally {
      await fixture.cleanUp();
    }
    expect(await readdir(join(data, '..'))).not.toContain('data-quarantine');
  });
});

describe.skipIf(programs === undefined)('repair refuses (skipped where there is no Prometheus)', () => {
  test('beside a snapshot of head chunks, since Prometheus would not replay what the snapshot covers', async () => {
    const data = await copyWhole();
    await flip(join(data, block(0), 'chunks', '000001'), 100);
    await mkdir(join(data, 'chunk_snapshot.000001.0000000064'));
    const { exitCode, json } = await holdfast.run(['repair', data, '--confirm', 'data']);
    expect([exitCode, json.error?.code]).toEqual([10, 'chunk-snapshot']);
  });

  test('to go on where a whole block was put back since it was broken off', async () => {
    const data = await copyWhole();
    await flip(join(data, block(0), 'chunks', '000001'), 100);
    // The manifest is on the disk, and nothing has been moved.
    expect(await killAt(data, 1)).toBe(true);
    await rm(join(data, block(0)), { recursive: true });
    await cp(join(whole, block(0)), join(data, block(0)), { recursive: true });
    const before = await snapshot(data);
    const { exitCode, json } = await holdfast.run(['repair', data, '--confirm', 'data']);
    expect([exitCode, json.error?.code]).toEqual([10, 'changed-since-planned']);
    expect(await snapshot(data)).toEqual(before);
    // The remedy is one.
    const [folder = ''] = (await readdir(`${data}-quarantine`)).filter((name) => name.includes('repair'));
    await rename(join(`${data}-quarantine`, folder), join(directory, folder));
    expect((await holdfast.succeed(['repair', data, '--confirm', 'data'])).json).toMatchObject({ run: null });
  });

  test('to go on where a checkpoint was put back since it was broken off', async () => {
    const data = await copyWhole();
    await rename(join(data, 'wal', '00000000'), join(directory, 'segment'));
    await writeFile(join(data, 'wal', 'checkpoint.00000000'), 'x');
    expect(await killAt(data, 1)).toBe(true);
    await rm(join(data, 'wal', 'checkpoint.00000000'));
    await mkdir(join(data, 'wal', 'checkpoint.00000000'));
    await rename(join(directory, 'segment'), join(data, 'wal', 'checkpoint.00000000', '00000000'));
    const { exitCode, json } = await holdfast.run(['repair', data, '--confirm', 'data']);
    expect([exitCode, json.error?.code]).toEqual([10, 'changed-since-planned']);
    expect(inventoryOf(data).windows).toEqual(wholeInventory.windows);
  });

  test('an empty argument, which would be the working directory', async () => {
    for (const verb of ['repair', 'check', 'inventory', 'rescue', 'adopt']) {
      const { exitCode, json } = await holdfast.run([verb, '']);
      expect([verb, exitCode, json.error?.code]).toEqual([verb, 2, 'bad-arguments']);
    }
  });

  test('a quarantine that is a link, or has one on the way of what would be moved', async () => {
    const data = await copyWhole();
    await flip(join(data, block(0), 'chunks', '000001'), 100);
    const elsewhere = join(directory, 'elsewhere');
    await mkdir(elsewhere);
    for (const link of [`${data}-quarantine`, join(`${data}-quarantine`, 'journal')]) {
      await mkdir(dirname(link), { recursive: true });
      await symlink(elsewhere, link);
      const { exitCode, json } = await holdfast.run(['repair', data, '--confirm', 'data']);
      expect([exitCode, json.error?.code]).toEqual([10, 'repair-blocked']);
      await rm(link);
    }
    expect(await readdir(elsewhere)).toEqual([]);
    expect((await holdfast.succeed(['repair', data, '--confirm', 'data'])).exitCode).toBe(0);
  });

  test('what needs a decision of its owner, and says which', async () => {
    const data = await copyWhole();
    await rename(join(data, 'wal', '00000002'), join(data, 'wal', '09999999'));
    const planned = await holdfast.run(['repair', data, '--plan']);
    expect([planned.exitCode, planned.json.error?.code]).toEqual([10, 'repair-blocked']);
    expect(planned.json.plan?.findings.map(({ rule }) => rule)).toContain('in-the-way');
    const said = await holdfast.say(['repair', data, '--plan']);
    expect(said.stdout).toContain('Plan of repair for data: blocked, nothing is done.');
    expect(said.stdout).not.toContain('nothing to do');
    expect(said.stderr).toContain('09999999');
    const { exitCode, json } = await holdfast.run(['repair', data, '--confirm', 'data']);
    expect([exitCode, json.error?.code]).toEqual([10, 'repair-blocked']);
    await rename(join(data, 'wal', '09999999'), join(directory, 'stray'));
    expect((await holdfast.succeed(['repair', data, '--confirm', 'data'])).json).toMatchObject({ run: null });
  });
});

describeStack('repair of a stack', () => {
  test('is refused while it runs, and mends its volume when it is down', async () => {
    const own = await openHoldfast();
    try {
      await own.succeed(['up']);
      await (await openAsker(own)).waitForSeries('count(count_over_time(up[1m]) > 2) >= 4');
      const { exitCode, json } = await own.run(['repair', '--confirm', 'monitoring']);
      expect([exitCode, json.error?.code]).toEqual([11, 'volume-locked']);
      expect(json.error?.remedy).toContain(`holdfast --data '${own.dataRoot}' down`);
      await own.succeed(['down']);
      expect((await own.succeed(['repair'])).json).toMatchObject({ run: null, proof: null });
      const data = own.path('volumes', 'prometheus', 'prometheus-db');
      await flip(join(data, 'wal', '00000000'), 9000);
      const before = inventoryOf(data);
      const done = await own.succeed(['repair', '--confirm', 'monitoring']);
      const proof = done.json.proof as unknown as RepairProof;
      const { runs = [] } = (await own.succeed(['runs'])).json;
      expect(runs.map(({ verb, state }) => `${verb} ${state}`)).toEqual(['repair done', 'down done', 'up done']);
      expect(runs[0]?.run).toBe(proof.run);
      expect((await own.say(['runs', proof.run])).stdout).toContain('wal/00000000');
      expect(proof.segments).toMatchObject([{ path: 'wal/00000000' }]);
      expect(proof.kept.samples).toBeGreaterThan(before.totals.samples);
      await own.succeed(['up']);
      await own.succeed(['down']);
      expect(inventoryOf(data).totals.samples).toBeGreaterThanOrEqual(proof.kept.samples);
      await flip(join(data, 'wal', '00000000'), 9000);
      const file = own.path('volumes', 'prometheus', '.holdfast.json');
      const identity = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...identity, volumeId: 'of-another-stack' }));
      const foreign = await own.run(['repair', '--confirm', 'monitoring']);
      expect([foreign.exitCode, foreign.json.error?.code]).toEqual([10, 'volume-refused']);
      expect(foreign.json.error?.message).toContain('of-another-stack');
    } finally {
      await own.cleanUp();
    }
  });
});

const placeless = { run: '', directory: '', provedAtMs: 0 };

async function repair(data: string): Promise<RepairProof> {
  const { json } = await holdfast.succeed(['repair', data, '--confirm', 'data']);
  return json.proof as unknown as RepairProof;
}

/** SIGKILL as soon as the step is said to have begun; false where the command was quicker. */
async function killAt(data: string, step: number): Promise<boolean> {
  const command = holdfast.start(['repair', data, '--confirm', 'data']);
  await waitFor(
    `step ${step} begins`,
    () => Promise.resolve(begun(command.output.stdout) > step || command.child.exitCode !== null),
    { everyMs: 1 },
  );
  command.child.kill('SIGKILL');
  return (await command.outcome).signal === 'SIGKILL';
}

function begun(stdout: string): number {
  return stdout.split('\n').filter((line) => line.includes('"step-started"')).length;
}

/** Six blocks of two hours, and a WAL of three segments that a Prometheus was killed over. */
async function makeWhole(): Promise<string> {
  const fixture = await openFixture({
    program: join(programs ?? '', 'prometheus'),
    flags: ['--storage.tsdb.use-lockfile'],
    scrapesItself: true,
  });
  try {
    for (let segment = 1; segment <= 3; segment += 1) {
      await fixture.start();
      const wanted = segment * 20_000;
      await waitFor('samples come in', async () => Promise.resolve(fixture.inventory().totals.samples > wanted), {
        timeoutMs: 120_000,
      });
      await fixture.stop('SIGKILL');
    }
    const data = join(directory, 'whole');
    await cp(fixture.data, data, { recursive: true });
    await makeBlocks(data);
    return data;
  } finally {
    await fixture.cleanUp();
  }
}

async function makeBlocks(into: string): Promise<void> {
  const lines = ['# TYPE fixture_value gauge'];
  for (let index = 0; index < series; index += 1) {
    for (let atMs = startMs; atMs < startMs + 12 * hourMs; atMs += 30_000) {
      lines.push(`fixture_value{job="fixture",series="${index}"} ${Math.sin(atMs + index)} ${atMs / 1000}`);
    }
  }
  const text = join(directory, 'samples.om');
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  const promtool = join(programs ?? '', 'promtool');
  await run(promtool, ['tsdb', 'create-blocks-from', '-q', 'openmetrics', text, into], { maxBuffer: 2 ** 26 });
}

let copies = 0;

async function copyWhole(): Promise<string> {
  return copyOf(whole);
}

async function copyOf(source: string): Promise<string> {
  copies += 1;
  const data = join(directory, `copy-${copies}`, 'data');
  await cp(source, data, { recursive: true });
  return data;
}

/** A Prometheus on a copy, so that what it does at its start is not done to the directory. */
async function openAt(data: string): Promise<Fixture> {
  const fixture = await openFixture({
    program: join(programs ?? '', 'prometheus'),
    flags: ['--storage.tsdb.use-lockfile'],
  });
  await rm(fixture.data, { recursive: true });
  await cp(data, fixture.data, { recursive: true });
  return fixture;
}

async function doesStart(data: string): Promise<boolean> {
  const fixture = await openAt(data);
  try {
    return await fixture.startOrEnd();
  } finally {
    await fixture.cleanUp();
  }
}

/** It starts, mends nothing, and returns every sample that is in its blocks, of every job that we count. */
async function startsAndAnswers(data: string, { windows }: TsdbInventory): Promise<void> {
  const fixture = await openAt(data);
  try {
    await fixture.start();
    const inBlocks = windows.filter(({ fromMs }) => fromMs < startMs + 12 * hourMs);
    const words = new URLSearchParams({
      query: 'sum(count_over_time(fixture_value[13h]))',
      time: String((startMs + 12 * hourMs) / 1000),
    });
    const { body } = await fixture.ask(`/api/v1/query?${words.toString()}`);
    const { data: answer } = JSON.parse(body) as {
      readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
    };
    const counted = inBlocks.reduce((sum, { samples }) => sum + samples, 0);
    expect(Number(answer.result[0]?.value[1])).toBe(counted);
    const log = await readFile(join(fixture.directory, 'prometheus.log'), 'utf8');
    expect(log).not.toMatch(/level=error|corruption|attempting repair/i);
    expect(fixture.inventory().windows.slice(0, windows.length)).toEqual(windows);
  } finally {
    await fixture.cleanUp();
  }
}

function inventoryOf(data: string): TsdbInventory {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  // A copy on the same file system may share its blocks with the whole one.
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

async function tocOf(data: string, ulid: string) {
  const file = new FileWindow(quietFiles(data).open(join(ulid, 'index')));
  try {
    return await Promise.resolve(readIndexHeader(file).toc);
  } finally {
    file.close();
  }
}

async function snapshot(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const content = await readFile(join(parentPath, name));
    return `${join(parentPath, name).slice(path.length)} ${content.toString('base64')}`;
  });
  return (await Promise.all(read)).sort();
}
