/**
 * A check of what a Prometheus writes while it runs: WAL, WBL, head chunks and the blocks it cuts, with native histograms,
 * stale markers and samples out of order. Whole while it runs, after it stopped, and after it was killed. Then records and
 * head chunks are damaged in turn: a torn tail is told apart from damage, and a hole from both.
 */
import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FileWindow } from '../../src/tsdb/bytes/file-window.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { readHeadChunkFile } from '../../src/tsdb/head/head-chunks.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { readSegment } from '../../src/tsdb/head/wal-segment.ts';
import { createRandom } from '../simulation/random.ts';
import { waitFor } from '../harness/wait-for.ts';
import { checkDirectory, said } from './check-directory.ts';
import { countCutBlocks, openFixture, pushRounds, type Fixture } from './prometheus.ts';

const program = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const missing = process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'];
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const minuteMs = 60_000;
const long = process.env['HOLDFAST_TEST_LONG'] === '1';
const outOfOrder = { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} };

describe.skipIf(program === undefined).each([
  ['XOR and histogram chunks', []],
  ['XOR2 and start-time chunks', ['--enable-feature=xor2-encoding,histograms-st-encoding,st-storage']],
])(`healthy, with %s${why}`, (_, features) => {
  let fixture: Fixture;
  const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;

  beforeAll(async () => {
    const flags = ['--web.enable-otlp-receiver', ...features];
    fixture = await openFixture({ program: program ?? '', flags, config: outOfOrder });
  });
  afterAll(async () => fixture.cleanUp());

  test('while it runs, stopped, restarted, with a snapshot, and killed', async () => {
    await fixture.start();
    await pushRounds(fixture, { fromMs: nowMs - 720 * minuteMs, rounds: 540, everyMs: minuteMs });
    await pushRounds(fixture, { fromMs: nowMs - 620 * minuteMs + 30_000, rounds: 200, everyMs: minuteMs });
    expect(alarms(fixture.data, true)).toEqual([]);
    await fixture.stop();
    expect(alarms(fixture.data)).toEqual([]);
    await fixture.start();
    await waitFor('the head is cut into blocks', async () => (await countCutBlocks(fixture.data)) >= 3, {
      timeoutMs: 120_000,
    });
    expect(alarms(fixture.data, true)).toEqual([]);
    const { body } = await fixture.ask('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
    const { name } = (JSON.parse(body) as { readonly data: { readonly name: string } }).data;
    expect(alarms(join(fixture.data, 'snapshots', name))).toEqual([]);
    await pushRounds(fixture, { fromMs: nowMs - 180 * minuteMs, rounds: 180, everyMs: minuteMs });
    await fixture.stop('SIGKILL');
    expect(alarms(fixture.data)).toEqual([]);
    await fixture.start();
    await waitFor(
      'the out-of-order samples are compacted',
      async () => fixture.inventory().totals.outOfOrderSamples === 0,
      {
        timeoutMs: 150_000,
        everyMs: 1000,
      },
    );
    expect(alarms(fixture.data, true)).toEqual([]);
    await fixture.stop();
    expect(alarms(fixture.data)).toEqual([]);
  });
});

describe.skipIf(program === undefined)(`a damaged head${why}`, () => {
  let fixture: Fixture;
  let whole = '';
  let data = '';
  let segments: readonly string[] = [];

  beforeAll(async () => {
    fixture = await openFixture({
      program: program ?? '',
      flags: ['--web.enable-otlp-receiver'],
      config: { otlp: {} },
    });
    const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
    const push = (fromMs: number) => pushRounds(fixture, { fromMs, rounds: 900, everyMs: 1500 });
    for (const backMs of [90, 60, 30]) {
      await fixture.start();
      await push(nowMs - backMs * minuteMs);
      await fixture.stop();
    }
    whole = join(fixture.directory, 'whole');
    await cp(fixture.data, whole, { recursive: true });
    segments = (await readdir(join(whole, 'wal'))).filter((name) => /^\d+$/.test(name)).sort();
  });
  beforeEach(async () => {
    data = join(fixture.directory, 'damaged');
    await rm(data, { recursive: true, force: true });
    await cp(whole, data, { recursive: true });
  });
  afterAll(async () => fixture.cleanUp());

  const change = async (file: string, edit: (bytes: Buffer) => void): Promise<readonly string[]> => {
    const bytes = await readFile(join(data, file));
    edit(bytes);
    await writeFile(join(data, file), bytes);
    return said(checkDirectory(data));
  };
  const flip = (file: string, at: number, bit = 0x10) =>
    change(file, (bytes) => {
      bytes[at] = (bytes[at] ?? 0) ^ bit;
    });

  test('it is whole before, with three segments and head chunks', async () => {
    expect(said(checkDirectory(data))).toEqual([]);
    expect(segments.length).toBeGreaterThanOrEqual(3);
    expect((await readdir(join(data, 'chunks_head'))).length).toBeGreaterThan(0);
  });

  test('a changed record, anywhere in it', async () => {
    const file = join('wal', segments[1] ?? '');
    const [record = 0] = recordsOf(whole, file).slice(2);
    for (const at of [record + 4, record + 9]) {
      expect(await flip(file, at)).toEqual([`error bad-checksum ${file}@${record}`]);
      await flip(file, at);
    }
    // Its type, its reserved bits, both compressions at once, and its length.
    expect(await flip(file, record, 0x07)).toEqual([expect.stringMatching(/^error (bad-structure|unknown-record) /)]);
    await flip(file, record, 0x07);
    for (const bit of [0x20, 0x40, 0x80]) {
      expect(await flip(file, record, bit)).toEqual([`error bad-structure ${file}@${record}`]);
      await flip(file, record, bit);
    }
    expect((await flip(file, record + 2, 0x01)).length).toBeGreaterThan(0);
  });

  test('a torn tail of the last segment is no damage; a cut in one before it is', async () => {
    const last = join('wal', segments.at(-1) ?? '');
    const records = recordsOf(whole, last);
    await truncate(join(data, last), (records.at(-1) ?? 0) + 12);
    expect(said(checkDirectory(data))).toEqual([expect.stringMatching(new RegExp(`^info torn-tail ${last}@`))]);
    expect(checkDirectory(data).errors).toBe(0);
    const first = join('wal', segments[0] ?? '');
    const [, second = 0] = recordsOf(whole, first);
    await truncate(join(data, first), second + 12);
    expect(said(checkDirectory(data))[0]).toMatch(new RegExp(`^error truncated ${first}@`));
  });

  test('a missing segment, names that nobody knows, and a checkpoint that was not finished', async () => {
    await rm(join(data, 'wal', segments[1] ?? ''));
    await writeFile(join(data, 'wal', 'notes'), 'x');
    await mkdir(join(data, 'wal', 'checkpoint.00000000.tmp'));
    expect(said(checkDirectory(data))).toEqual([
      'info leftover wal/checkpoint.00000000.tmp',
      'info unknown-file wal/notes',
      `error missing-segment wal/${segments[2] ?? ''}`,
    ]);
  });

  test('a checkpoint: whole, with a changed record, and cut off', async () => {
    const checkpoint = join('wal', 'checkpoint.00000000');
    const file = join(checkpoint, '00000000');
    await mkdir(join(data, checkpoint));
    await rename(join(data, 'wal', segments[0] ?? ''), join(data, file));
    expect(said(checkDirectory(data))).toEqual([]);
    const [record = 0] = recordsOf(data, file).slice(1);
    expect(await flip(file, record + 9)).toEqual([`error bad-checksum ${file}@${record}`]);
    await flip(file, record + 9);
    await truncate(join(data, file), record + 12);
    expect(said(checkDirectory(data))).toEqual([expect.stringMatching(new RegExp(`^error truncated ${file}@`))]);
  });

  test('behind the first damage it says what Prometheus would drop, and where a record begins again', async () => {
    const file = join('wal', segments[1] ?? '');
    const records = recordsOf(whole, file);
    const [record = 0] = records.slice(2);
    await flip(file, record + 9);
    const [finding] = checkDirectory(data).findings;
    expect(finding).toMatchObject({ rule: 'bad-checksum', offset: record });
    const { message, fromMs, toMs } = finding ?? {};
    const found = /though from (?:the next page, )?byte (\d+) on (\d+) whole records with (\d+) samples? can/.exec(
      message ?? '',
    );
    expect(records).toContain(Number(found?.[1]));
    expect(Number(found?.[2])).toBe(records.filter((at) => at >= Number(found?.[1])).length);
    expect(Number(found?.[3])).toBeGreaterThan(0);
    expect((fromMs ?? Infinity) <= (toMs ?? -Infinity)).toBe(true);
    // A second one behind it is counted, and one at the very end has nothing behind it.
    const last = records.at(-2) ?? 0;
    await flip(file, last + 9);
    expect(checkDirectory(data).findings[0]?.message).toContain(', and 1 more place is damaged');
    await cp(join(whole, file), join(data, file));
    await flip(file, (records.at(-1) ?? 0) + 9);
    expect(checkDirectory(data).findings[0]?.message).toContain('though no whole record follows in this file');
  });

  test('pages of the WAL that were never written, which Prometheus and the count pass over', async () => {
    const file = join('wal', segments[0] ?? '');
    const bytes = await readFile(join(data, file));
    const page = 32_768;
    expect(bytes.length).toBeGreaterThan(page);
    await writeFile(
      join(data, file),
      Buffer.concat([bytes.subarray(0, page), Buffer.alloc(page), bytes.subarray(page)]),
    );
    expect(said(checkDirectory(data)).filter((line) => line.startsWith('error zero-filled')).length).toBeGreaterThan(0);
    expect(saidByInventory(data)).toContain(`error zero-filled ${file}@${page}`);
    await writeFile(join(data, file), bytes);
    expect(saidByInventory(data)).toEqual([]);
    const last = join('wal', segments.at(-1) ?? '');
    const tail = await readFile(join(data, last));
    const padded = Buffer.alloc(Math.ceil(tail.length / page) * page + page);
    tail.copy(padded);
    await writeFile(join(data, last), padded);
    const told = [expect.stringMatching(new RegExp(`^warning zero-filled ${last}@`))];
    expect(said(checkDirectory(data))).toEqual(told);
    expect(saidByInventory(data)).toEqual(told);
  });

  test('whatever bit of a segment or a head chunk file changes, something is said', async () => {
    const random = createRandom(5);
    const heads = (await readdir(join(whole, 'chunks_head'))).map((name) => join('chunks_head', name));
    const files = [...segments.map((name) => join('wal', name)), ...heads];
    for (let mutant = 0; mutant < (long ? 20_000 : 400); mutant += 1) {
      const file = files[random.below(files.length)] ?? '';
      const bytes = await readFile(join(whole, file));
      const [at, bit] = [random.below(bytes.length), 1 << random.below(8)];
      bytes[at] = (bytes[at] ?? 0) ^ bit;
      await writeFile(join(data, file), bytes);
      const { findings } = checkDirectory(data);
      if (findings.length === 0) throw new Error(`Mutant ${mutant}, ${file}, ${bit} at ${at}: nothing was found.`);
      await cp(join(whole, file), join(data, file));
    }
    expect(said(checkDirectory(data))).toEqual([]);
  });

  test('head chunks: header, fields, data, checksum, and what is behind the last', async () => {
    const [name = ''] = (await readdir(join(data, 'chunks_head'))).sort();
    const file = join('chunks_head', name);
    const [first = 0, second = 0] = chunksOf(whole, file);
    expect(await flip(file, 1)).toEqual([`error bad-magic ${file}@0`]);
    await flip(file, 1);
    expect(await flip(file, 4)).toEqual([`error bad-version ${file}@4`]);
    await flip(file, 4);
    expect(await flip(file, 6)).toEqual([`error bad-structure ${file}@6`]);
    await flip(file, 6);
    for (const at of [first + 7, first + 15, first + 24, first + 40, second - 1]) {
      expect([at, await flip(file, at)]).toEqual([at, [`error bad-checksum ${file}@${first}`]]);
      await flip(file, at);
    }
    const { length } = await readFile(join(data, file));
    await writeFile(join(data, file), Buffer.concat([await readFile(join(data, file)), Buffer.alloc(100_000)]));
    expect(said(checkDirectory(data))).toEqual([]);
    expect((await flip(file, length + 50_000))[0]).toMatch(new RegExp(`^error (bad-structure|zero-filled) ${file}@`));
    await truncate(join(data, file), length);
    const last = join('chunks_head', (await readdir(join(data, 'chunks_head'))).sort().at(-1) ?? '');
    await truncate(join(data, last), (chunksOf(whole, last).at(-1) ?? 0) + 40);
    expect(said(checkDirectory(data))).toEqual([expect.stringMatching(new RegExp(`^info torn-tail ${last}@`))]);
  });
});

/** What is worth a look; what a crash leaves and what is under way are not. */
function alarms(directory: string, isLive = false): readonly string[] {
  const { findings } = checkDirectory(directory, isLive);
  return findings.filter(({ severity }) => severity !== 'info').map(({ rule, message }) => `${rule}: ${message}`);
}

function saidByInventory(directory: string): readonly string[] {
  const { findings } = takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });
  return findings.map(({ severity, rule, file, offset }) => `${severity} ${rule} ${file}@${offset ?? ''}`);
}

function recordsOf(directory: string, file: string): readonly number[] {
  const offsets: number[] = [];
  const window = new FileWindow(quietFiles(directory).open(file));
  readSegment(window, ({ offset }) => offsets.push(offset));
  window.close();
  return offsets;
}

function chunksOf(directory: string, file: string): readonly number[] {
  const offsets: number[] = [];
  const window = new FileWindow(quietFiles(directory).open(file));
  readHeadChunkFile(window, ({ offset }) => offsets.push(offset));
  window.close();
  return offsets;
}
