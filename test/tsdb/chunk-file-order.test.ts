/**
 * Prometheus takes the files of a block's chunks/ in the order of their names, whatever their numbers: one too many before
 * the others shifts all of them, so that queries fail or it does not start; and files with other numbers are as good as any.
 * Of each case it is known what Prometheus does; inventory and check say the same, and a repair brings back what is there.
 */
import { copyFile, cp, mkdir, mkdtemp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMeta } from '../../src/tsdb/block/read-metas.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { copyBlock } from '../../src/tsdb/write/copy-block.ts';
import { checkDirectory, said } from './check-directory.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { openFixture } from './prometheus.ts';
import { planFor, repairDirectory } from './repair-directory.ts';
import { inventoriesOf } from './inventories-of.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const hourMs = 3_600_000;
const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
const series = 6;
const inBlock = series * 240;
const all = 3 * inBlock;
/** Several chunk files; the others have one. */
const parted = '01HZZZZZZZZZZZZZZZZZZZZZZZ';

interface Case {
  readonly name: string;
  readonly hurt: (chunks: string, other: string) => Promise<unknown>;
  readonly block?: 'parted';
  /** What Prometheus answers: null where the query fails, and 'no start'. */
  readonly answers: number | null | 'no start';
  /** What check says of it, below chunks/. */
  readonly says: readonly string[];
  readonly steps: readonly string[];
  /** What it answers in the end; null for a part, as the proof says it. */
  readonly after?: number | null;
}

const header = Buffer.from('85bd40dd01000000', 'hex');
const stray = (file: string): Pick<Case, 'says' | 'steps'> => ({
  says: [`error stray-segment ${file}`],
  steps: ['move-aside'],
});

const cases: readonly Case[] = [
  ...['000000', '0', '00', '0000005'].map((name) => ({
    name: `a header alone as ${name}`,
    hurt: async (chunks: string) => writeFile(join(chunks, name), header),
    answers: null,
    ...stray(name),
  })),
  {
    name: 'an empty 000000',
    hurt: async (chunks) => writeFile(join(chunks, '000000'), ''),
    answers: 'no start',
    ...stray('000000'),
  },
  {
    name: 'an empty file behind the others',
    hurt: async (chunks) => writeFile(join(chunks, '000002'), ''),
    answers: 'no start',
    says: ['error truncated 000002@0'],
    steps: ['move-aside'],
  },
  {
    name: 'a directory among them',
    hurt: async (chunks) => mkdir(join(chunks, '000002')),
    answers: 'no start',
    says: ['error bad-structure 000002@0'],
    steps: ['move-aside'],
  },
  {
    name: 'words behind the others, far off',
    hurt: async (chunks) => writeFile(join(chunks, '7'), 'no chunk file at all'),
    answers: 'no start',
    ...stray('7'),
  },
  {
    name: 'another number',
    hurt: async (chunks) => rename(join(chunks, '000001'), join(chunks, '000005')),
    answers: all,
    says: [],
    steps: [],
  },
  {
    name: 'another number, and a header before it',
    hurt: async (chunks) => {
      await rename(join(chunks, '000001'), join(chunks, '000005'));
      await writeFile(join(chunks, '000001'), header);
    },
    answers: null,
    says: ['error truncated 000001@8'],
    steps: ['move-aside'],
  },
  {
    name: 'other numbers for several files',
    block: 'parted',
    hurt: async (chunks) => {
      for (const name of (await readdir(chunks)).sort().reverse())
        await rename(join(chunks, name), join(chunks, `1${name}`));
    },
    answers: all,
    says: [],
    steps: [],
  },
  {
    name: 'a header between several files',
    block: 'parted',
    hurt: async (chunks) => writeFile(join(chunks, '0000015'), header),
    answers: null,
    ...stray('0000015'),
  },
  {
    name: 'the first of several files is missing: what the others hold is kept',
    block: 'parted',
    hurt: async (chunks) => rm(join(chunks, '000001')),
    answers: null,
    says: ['error missing 000001'],
    steps: ['rewrite-block', 'move-aside'],
    after: null,
  },
  {
    name: 'names that are no numbers',
    hurt: async (chunks) => {
      await writeFile(join(chunks, '18446744073709551616'), header);
      await writeFile(join(chunks, '-1'), header);
    },
    answers: all,
    says: ['info unknown-file -1'],
    steps: [],
  },
];

describe.skipIf(programs === undefined)('the order of chunk files (skipped where there is no Prometheus)', () => {
  let directory = '';
  let data = '';
  let single = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-chunk-files-'));
    const into = join(directory, 'whole');
    const shape = { startMs, hours: 6, everyMs: 30_000, series, valueOf: (one: number, at: number) => one * 1000 + at };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into });
    const [first = '', second = ''] = (await readdir(into)).sort();
    single = first;
    const files = quietFiles(into);
    const meta = readMeta(files, second);
    copyBlock({ from: files, meta, into, ulid: parted, segmentBytes: 900, onDamage: () => undefined });
    await rm(join(into, second), { recursive: true });
    expect(await readdir(join(into, parted, 'chunks'))).toEqual(['000001', '000002', '000003']);
    expect(countOf(into)).toBe(all);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const begin = async (): Promise<void> => {
    data = join(directory, 'data');
    for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
    await cp(join(directory, 'whole'), data, { recursive: true });
  };

  test.each(cases)('$name', async ({ hurt, block, answers, says, steps, after = all }) => {
    await begin();
    const ulid = block === 'parted' ? parted : single;
    await hurt(join(data, ulid, 'chunks'), join(data, ulid === single ? parted : single, 'chunks'));
    for (const program of everyPrometheus()) expect(await answerOf(program, data)).toBe(answers);
    const counted = both();
    for (const { totals, findings } of counted) {
      if (answers === all) expect(totals.samples).toBe(all);
      expect(findings.some(({ severity }) => severity === 'error')).toBe(answers !== all);
    }
    expect(said(checkDirectory(data)).map((words) => words.replace(`${ulid}/chunks/`, ''))).toEqual(
      expect.arrayContaining([...says]),
    );
    expect(checkDirectory(data).errors > 0).toBe(answers !== all);
    expect(planFor(data).steps.flatMap(({ kind }) => (always.has(kind) ? [] : [kind]))).toEqual(steps);
    if (steps.length === 0) return;
    const proof = await repairDirectory(data);
    expect(proof).toMatchObject({ lost: { samples: 0 }, undecided: { samples: 0 } });
    const kept = proof?.kept.samples ?? 0;
    if (after === null) expect(kept).toBeGreaterThan(2 * inBlock);
    else expect(kept).toBe(after);
    for (const program of everyPrometheus()) expect(await answerOf(program, data)).toBe(kept);
    expect(planFor(data).steps).toEqual([]);
    expect(checkDirectory(data).errors).toBe(0);
  });

  test("a chunk file of another block, whose checksums are right, is not taken for the block's own", async () => {
    await begin();
    const other = (await readdir(data)).find((name) => name !== single && name !== parted) ?? '';
    await copyFile(join(data, other, 'chunks', '000001'), join(data, single, 'chunks', '000000'));
    for (const { totals, findings } of both()) {
      expect(totals.samples).toBe(all - inBlock);
      expect(findings[0]?.message).toContain('looks for this chunk in another file');
    }
    expect(said(checkDirectory(data))).toEqual([`error stray-segment ${single}/chunks/000000`]);
    expect(await repairDirectory(data)).toMatchObject({ lost: { samples: 0 }, kept: { samples: all } });
    for (const program of everyPrometheus()) expect(await answerOf(program, data)).toBe(all);
  });

  test('nor where it has taken the place of its own', async () => {
    await begin();
    const other = (await readdir(data)).find((name) => name !== single && name !== parted) ?? '';
    await copyFile(join(data, other, 'chunks', '000001'), join(data, single, 'chunks', '000001'));
    for (const { totals, findings } of both()) {
      expect(totals.samples).toBe(all - inBlock);
      expect(findings[0]?.message).toContain('it is another one');
    }
  });

  test('a damaged chunk beside a file too many: what is whole is kept', async () => {
    await begin();
    await writeFile(join(data, single, 'chunks', '000000'), header);
    await truncate(join(data, single, 'chunks', '000001'), 1000);
    const proof = await repairDirectory(data);
    expect(proof?.lost.samples).toBe(0);
    expect(proof?.kept.samples).toBeGreaterThan(2 * inBlock);
    for (const program of everyPrometheus()) expect(await answerOf(program, data)).toBe(proof?.kept.samples);
    expect(checkDirectory(data).errors).toBe(0);
  });

  const both = () => inventoriesOf(data);
});

const always: ReadonlySet<string> = new Set(['write-manifest', 'count-before', 'prove-repair']);

function everyPrometheus(): readonly string[] {
  return [join(programs ?? '', 'prometheus'), ...(current === undefined ? [] : [current])];
}

/** How many samples a Prometheus answers on a copy. */
async function answerOf(program: string, data: string): Promise<number | null | 'no start'> {
  const fixture = await openFixture({ program });
  try {
    await rm(fixture.data, { recursive: true });
    await cp(data, fixture.data, { recursive: true });
    if (!(await fixture.startOrEnd())) return 'no start';
    const query = encodeURIComponent('sum(count_over_time(check_value[7h]))');
    const { body } = await fixture.ask(`/api/v1/query?query=${query}&time=${(startMs + 6.5 * hourMs) / 1000}`);
    const count = /"(\d+)"\]/.exec(body)?.[1];
    return count === undefined ? null : Number(count);
  } finally {
    await fixture.cleanUp();
  }
}

function countOf(data: string): number {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined }).totals.samples;
}
