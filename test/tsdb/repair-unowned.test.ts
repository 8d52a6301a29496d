/**
 * Bytes that belong to nothing: behind or between the chunks of a block, and zeros behind the records of a checkpoint. A real
 * Prometheus passes over them and answers all the rest; check says that they are there, and sends to repair, which writes
 * what is whole anew and keeps the original. Nothing is lost by either.
 */
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { writeWal } from '../harness/write-head.ts';
import { checkDirectory, said } from './check-directory.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { openFixture } from './prometheus.ts';
import { planFor, repairDirectory } from './repair-directory.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const hourMs = 3_600_000;
const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
const series = 3;
const rounds = 50;
const all = series * (2 * 240 + 2 * rounds);
const chunks = join('chunks', '000001');
const checkpoint = join('wal', 'checkpoint.00000003', '00000000');

interface Case {
  readonly name: string;
  readonly hurt: (data: string, block: string) => Promise<unknown>;
  readonly says: readonly RegExp[];
  readonly steps: readonly string[];
}

const cases: readonly Case[] = [
  ...['nothing of a chunk', '\0', '\0'.repeat(5000)].map((bytes, at): Case => ({
    name: `bytes behind the chunks of a block, ${at}`,
    hurt: async (data, block) => appendFile(join(data, block, chunks), bytes),
    says: [/^error [a-z-]+ \S+\/chunks\/000001@\d+$/],
    steps: ['rewrite-block', 'move-aside'],
  })),
  {
    name: 'a whole chunk once more',
    hurt: async (data, block) => {
      const bytes = await readFile(join(data, block, chunks));
      await appendFile(join(data, block, chunks), bytes.subarray(8));
    },
    says: [/^error unreferenced-chunks \S+\/chunks\/000001@\d+$/],
    steps: ['rewrite-block', 'move-aside'],
  },
  {
    name: 'a chunk file that no series refers to',
    hurt: async (data, block) => cp(join(data, block, chunks), join(data, block, 'chunks', '000002')),
    says: [/^error unreferenced-chunks \S+\/chunks\/000002@8$/],
    steps: ['move-aside'],
  },
  ...[100, 32_768, 70_000].map((zeros): Case => ({
    name: `${zeros} zeros behind a checkpoint`,
    hurt: async (data) => appendFile(join(data, checkpoint), Buffer.alloc(zeros)),
    says: [/^error zero-filled wal\/checkpoint\.00000003\/00000000@\d+$/],
    steps: ['rewrite-segment'],
  })),
  {
    name: 'zeros behind a segment before the last',
    hurt: async (data) => {
      await appendFile(join(data, 'wal', '00000004'), Buffer.alloc(32_768));
      await writeFile(join(data, 'wal', '00000005'), '');
    },
    says: [/^error zero-filled wal\/00000004@\d+$/],
    steps: ['rewrite-segment'],
  },
  {
    name: 'zeros behind the last segment, as a crash of NFS leaves them',
    hurt: async (data) => appendFile(join(data, 'wal', '00000004'), Buffer.alloc(32_768)),
    says: [/^warning zero-filled wal\/00000004@\d+$/],
    steps: [],
  },
];

describe.skipIf(programs === undefined)('bytes of nobody (skipped where there is no Prometheus)', () => {
  let directory = '';
  let whole = '';
  let block = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-unowned-'));
    whole = join(directory, 'whole');
    const shape = { startMs, hours: 4, everyMs: 30_000, series, valueOf: (one: number, at: number) => one * 9.1 + at };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into: whole });
    block = (await readdir(whole)).filter(isBlockName).sort()[0] ?? '';
    const numbers = Array.from({ length: series }, (_, one) => one);
    const samplesFrom = (fromMs: number) =>
      Array.from({ length: rounds }, (_, at) => ({
        samples: numbers.map((one) => [one + 1, fromMs + at * 30_000, one + at] as const),
      }));
    writeWal(join(whole, checkpoint), [
      ...numbers.map((one) => ({ series: one + 1, labels: { __name__: 'check_value', head: String(one) } })),
      ...samplesFrom(startMs + 4 * hourMs),
    ]);
    writeWal(join(whole, 'wal', '00000004'), samplesFrom(startMs + 5 * hourMs));
    expect(countOf(whole)).toBe(all);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  test.each(cases)('$name', async ({ hurt, says, steps }) => {
    const data = join(directory, 'data');
    for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
    await cp(whole, data, { recursive: true });
    await hurt(data, block);
    for (const program of everyPrometheus()) expect(await answerOf(program, data)).toBe(all);
    expect(said(checkDirectory(data))).toEqual(says.map((line) => expect.stringMatching(line) as string));
    expect(countOf(data)).toBe(all);
    expect(planFor(data).steps.flatMap(({ kind }) => (always.has(kind) ? [] : [kind]))).toEqual(steps);
    if (steps.length === 0) return;
    expect(await repairDirectory(data)).toMatchObject({ lost: { samples: 0 }, kept: { samples: all }, regained: 0 });
    for (const program of everyPrometheus()) expect(await answerOf(program, data)).toBe(all);
    expect(checkDirectory(data).findings).toEqual([]);
    expect(planFor(data).steps).toEqual([]);
  });
});

const always: ReadonlySet<string> = new Set(['write-manifest', 'count-before', 'prove-repair']);

function everyPrometheus(): readonly string[] {
  return [join(programs ?? '', 'prometheus'), ...(current === undefined ? [] : [current])];
}

/** How many samples a Prometheus answers on a copy. */
async function answerOf(program: string, data: string): Promise<number> {
  const fixture = await openFixture({ program });
  try {
    await rm(fixture.data, { recursive: true });
    await cp(data, fixture.data, { recursive: true });
    await fixture.start();
    const query = encodeURIComponent('sum(count_over_time(check_value[7h]))');
    const { body } = await fixture.ask(`/api/v1/query?query=${query}&time=${(startMs + 6.5 * hourMs) / 1000}`);
    return Number(/"(\d+)"\]/.exec(body)?.[1]);
  } finally {
    await fixture.cleanUp();
  }
}

function countOf(data: string): number {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined }).totals.samples;
}
