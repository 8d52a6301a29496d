/**
 * What lies in chunks_head/, or in its place or beside it, that a Prometheus does not start on. Of each it is known, from a
 * start on a copy, whether it starts; check says what it is, repair moves it aside, and then Prometheus answers what our
 * reader counts, also once it was started again.
 */
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileWindow } from '../../src/tsdb/bytes/file-window.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { readHeadChunkFile } from '../../src/tsdb/head/head-chunks.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { writeHeadChunks, writeWal } from '../harness/write-head.ts';
import { checkDirectory, said } from './check-directory.ts';
import { planFor, repairDirectory } from './repair-directory.ts';
import { answersOnCopy } from './answers-on-copy.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const minuteMs = 60_000;
const startMs = Math.floor((Date.now() - 90 * minuteMs) / minuteMs) * minuteMs;
const everyMs = 15_000;
const references = [1, 2, 3];
const rounds = 100;
const all = references.length * rounds;

interface Case {
  readonly name: string;
  readonly hurt: (data: string) => Promise<unknown>;
  readonly starts: boolean;
  readonly says: readonly unknown[];
  /** How many samples are answered as it is, where that is not all. */
  readonly answered?: number;
  /** What is moved aside. */
  readonly aside: readonly string[];
  /** How many samples there are in the end. */
  readonly after?: number;
  /** Where the programs are not of one mind. */
  readonly only?: 'current';
}

const head = (data: string, name: string): string => join(data, 'chunks_head', name);
const cases: readonly Case[] = [
  { name: 'nothing is wrong', hurt: async () => undefined, starts: true, says: [], aside: [] },
  {
    // The WAL holds what it held, and is not replayed before what the second one holds.
    name: 'an empty file before a whole one',
    hurt: async (data) => writeFile(head(data, '000001'), ''),
    starts: false,
    says: ['error truncated chunks_head/000001@0'],
    aside: ['chunks_head/000001', 'chunks_head/000002'],
  },
  {
    name: 'an empty file before a whole one, which alone holds what it holds',
    hurt: async (data) => {
      await writeFile(head(data, '000001'), '');
      await rm(join(data, 'wal', '00000000'));
      writeRounds(data, 60, rounds);
    },
    starts: false,
    says: ['error truncated chunks_head/000001@0'],
    aside: ['chunks_head/000001'],
    after: references.length * 70,
  },
  {
    name: 'two empty files before a whole one, and a damaged one behind it',
    hurt: async (data) => {
      await rm(head(data, '000001'));
      await writeFile(head(data, '000000'), '');
      await writeFile(head(data, '000001'), Buffer.alloc(100));
      await writeFile(head(data, '000003'), 'no chunks');
      await rm(join(data, 'wal', '00000000'));
      writeRounds(data, 60, rounds);
    },
    starts: false,
    says: [
      'error truncated chunks_head/000000@0',
      'error zero-filled chunks_head/000001@0',
      'error bad-magic chunks_head/000003@0',
    ],
    aside: ['chunks_head/000000', 'chunks_head/000001', 'chunks_head/000003'],
    after: references.length * 70,
  },
  {
    name: 'a byte behind the zeros that end the last file',
    hurt: async (data) => appendFile(head(data, '000002'), Buffer.concat([Buffer.alloc(100), Buffer.from('U')])),
    starts: true,
    says: [expect.stringMatching(/^error bad-structure chunks_head\/000002@/)],
    aside: ['chunks_head/000002'],
  },
  {
    // The chunks behind it are passed over, and the WAL is not replayed before those of the second file.
    name: 'zeros in the place of a chunk in the first file',
    hurt: async (data) => zeroFirstChunk(head(data, '000001')),
    starts: true,
    says: ['error bad-structure chunks_head/000001@8'],
    answered: references.length * 70,
    aside: ['chunks_head/000001', 'chunks_head/000002'],
  },
  {
    name: 'zeros in the place of a chunk in the first file, where the WAL does not hold what is in the second',
    hurt: async (data) => {
      await zeroFirstChunk(head(data, '000001'));
      await rm(join(data, 'wal', '00000000'));
      writeRounds(data, 60, rounds);
    },
    starts: true,
    says: ['error bad-structure chunks_head/000001@8'],
    answered: references.length * 70,
    aside: [],
  },
  {
    name: 'an empty last file',
    hurt: async (data) => writeFile(head(data, '000003'), ''),
    starts: true,
    says: [],
    aside: [],
  },
  {
    name: 'a last file that was never written',
    hurt: async (data) => writeFile(head(data, '000003'), Buffer.alloc(4096)),
    starts: true,
    says: [],
    aside: [],
  },
  {
    name: 'an empty 000000 alone',
    hurt: async (data) => {
      for (const name of ['000001', '000002']) await rm(head(data, name));
      await writeFile(head(data, '000000'), '');
    },
    starts: false,
    says: ['error truncated chunks_head/000000@0'],
    aside: ['chunks_head/000000'],
  },
  {
    name: 'an unwritten 000000 alone',
    hurt: async (data) => {
      for (const name of ['000001', '000002']) await rm(head(data, name));
      await writeFile(head(data, '000000'), Buffer.alloc(64));
    },
    starts: false,
    says: ['error zero-filled chunks_head/000000@0'],
    aside: ['chunks_head/000000'],
  },
  {
    name: 'a file in the place of chunks_head/',
    hurt: async (data) => {
      await rm(join(data, 'chunks_head'), { recursive: true });
      await writeFile(join(data, 'chunks_head'), 'no directory');
    },
    starts: false,
    says: ['error stray-segment chunks_head'],
    aside: ['chunks_head'],
  },
  {
    name: 'a directory in the place of queries.active',
    hurt: async (data) => {
      await mkdir(join(data, 'queries.active'));
      await writeFile(join(data, 'queries.active', 'something'), 'of somebody');
    },
    starts: false,
    says: ['error stray-segment queries.active'],
    aside: ['queries.active'],
  },
  {
    name: 'a directory in the place of the lock',
    hurt: async (data) => mkdir(join(data, 'lock')),
    starts: false,
    says: ['error stray-segment lock'],
    aside: ['lock'],
    only: 'current',
  },
];

describe.skipIf(programs === undefined)(
  'chunks_head/ that stops a start (skipped where there is no Prometheus)',
  () => {
    let directory = '';
    let whole = '';

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'holdfast-head-chunks-'));
      whole = join(directory, 'whole');
      writeRounds(whole, 0, rounds);
      writeHeadChunks(head(whole, '000001'), chunksOf(0, 30));
      writeHeadChunks(head(whole, '000002'), chunksOf(30, 60));
      expect(countOf(whole)).toBe(all);
    });
    afterAll(async () => rm(directory, { recursive: true, force: true }));

    test.each(cases)('$name', async ({ hurt, starts, says, aside, after = all, answered = all, only }) => {
      const data = join(directory, 'data');
      for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
      await cp(whole, data, { recursive: true });
      await hurt(data);
      for (const program of everyPrometheus(only))
        expect(await answersOf(program, data)).toEqual(starts ? [answered, answered] : []);
      expect(said(checkDirectory(data))).toEqual(says);
      // Nothing may be proved by what a Prometheus does not read.
      const isHurt = aside.some((path) => path.startsWith('chunks_head/')) || answered < all;
      expect(inventoryOf(data).findings.some(({ severity }) => severity === 'error')).toBe(isHurt);
      const moved = planFor(data).steps.flatMap((step) => (step.kind === 'move-aside' ? [step.from] : []));
      expect(moved).toEqual(aside.map((path) => join(data, path)));
      if (aside.length === 0) {
        expect(countOf(data)).toBe(answered);
        return;
      }
      const proof = await repairDirectory(data);
      expect(proof).toMatchObject({ lost: { samples: 0 }, kept: { samples: after } });
      for (const path of aside) expect(await readdir(join(`${data}-quarantine/run-1`, path, '..'))).not.toEqual([]);
      for (const program of everyPrometheus()) expect(await answersOf(program, data)).toEqual([after, after]);
      expect(planFor(data).steps).toEqual([]);
      expect(checkDirectory(data).errors).toBe(0);
    });

    test('a file that was cut down to a few bytes is no unwritten one', async () => {
      const data = join(directory, 'data');
      await rm(data, { recursive: true, force: true });
      await cp(whole, data, { recursive: true });
      await truncate(head(data, '000002'), 6);
      for (const program of everyPrometheus()) expect(await answersOf(program, data)).toEqual([]);
      expect(said(checkDirectory(data))).toEqual(['error truncated chunks_head/000002@0']);
      expect(planFor(data).steps.map(({ kind }) => kind)).toContain('move-aside');
    });
  },
);

/** A WAL of the rounds from one on up to another. */
function writeRounds(data: string, from: number, to: number): void {
  writeWal(join(data, 'wal', '00000000'), [
    ...references.map((one) => ({ series: one, labels: { __name__: 'check_value', series: String(one) } })),
    ...Array.from({ length: to - from }, (_, at) => ({
      samples: references.map((one) => [one, startMs + (from + at) * everyMs, one * 1000 + from + at] as const),
    })),
  ]);
}

function chunksOf(from: number, to: number) {
  return references.map((reference) => ({
    reference,
    points: Array.from({ length: to - from }, (_, at): readonly [number, number] => {
      return [startMs + (from + at) * everyMs, reference * 1000 + from + at];
    }),
  }));
}

function everyPrometheus(only?: 'current'): readonly string[] {
  const older = only === undefined ? [join(programs ?? '', 'prometheus')] : [];
  return [...older, ...(current === undefined ? [] : [current])];
}

async function answersOf(program: string, data: string): Promise<readonly number[]> {
  return answersOnCopy({ program }, data, { query: 'sum(count_over_time(check_value[4h]))', atMs: Date.now() });
}

function inventoryOf(data: string) {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

function countOf(data: string): number {
  return inventoryOf(data).totals.samples;
}

/** The chunk takes up what there is between its own offset and the next one's. */
async function zeroFirstChunk(path: string): Promise<void> {
  const file = new FileWindow(quietFiles(dirname(path)).open(basename(path)));
  const offsets: number[] = [];
  readHeadChunkFile(file, ({ offset }) => offsets.push(offset));
  file.close();
  await writeFile(path, (await readFile(path)).fill(0, offsets[0], offsets[1]));
}
