/**
 * The newest block has lost its meta.json, or a chunk, or both, and the WAL still holds its samples, or does not. Prometheus
 * replays of the WAL what is behind its newest block: what a repair writes in the place of one that is not whole must not
 * hide what the WAL holds. Whatever the proof says can be read, a real Prometheus of either version then answers; and what
 * is gone is said to be, and nothing else.
 */
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { readIndexHeader } from '../../src/tsdb/block/index-header.ts';
import { FileWindow } from '../../src/tsdb/bytes/file-window.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { writeTombstones } from '../../src/tsdb/write/write-tombstones.ts';
import { writeWal } from '../harness/write-head.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { openFixture } from './prometheus.ts';
import { planFor, repairDirectory } from './repair-directory.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const hourMs = 3_600_000;
const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
const everyMs = 30_000;
const series = 5;
const inBlock = (series * 2 * hourMs) / everyMs;
/** In the WAL alone, behind the newest block. */
const beyond = series * 20;
const whole = 3 * inBlock + beyond;
const inChunk = 120;

interface Case {
  readonly name: string;
  readonly hurt: (block: string) => Promise<unknown>;
  readonly hasWal: boolean;
  /** What a Prometheus answers; null where it does not. */
  readonly before: number | null;
  readonly after: number;
  /** Null where nobody knows. */
  readonly gone: number | null;
}

const dropMeta = async (block: string): Promise<void> => rm(join(block, 'meta.json'));
const cutMeta = async (block: string): Promise<void> => truncate(join(block, 'meta.json'), 20);
const hurtChunk = async (block: string): Promise<void> => flip(join(block, 'chunks', '000001'), 100);
const hurtLastChunk = async (block: string): Promise<void> => {
  const path = join(block, 'chunks', '000001');
  await flip(path, (await stat(path)).size - 20);
};
const hurtSymbols = async (block: string): Promise<void> => flip(join(block, 'index'), 20);
const both = (...hurts: readonly Case['hurt'][]): Case['hurt'] => {
  return async (block) => Promise.all(hurts.map(async (hurt) => hurt(block)));
};
const deleteSome = async (block: string): Promise<void> => {
  await rm(join(block, 'tombstones'));
  const file = new FileWindow(quietFiles(block).open('index'));
  const reference = Math.ceil((readIndexHeader(file).toc.series + 4) / 16);
  file.close();
  writeTombstones(join(block, 'tombstones'), [{ reference, intervals: [[startMs, startMs + 6 * hourMs]] }]);
};
const without = whole - beyond;
const cases: readonly Case[] = [
  { name: 'no meta.json', hurt: dropMeta, hasWal: true, before: whole, after: whole, gone: 0 },
  { name: 'no meta.json', hurt: dropMeta, hasWal: false, before: 2 * inBlock, after: without, gone: 0 },
  { name: 'a torn meta.json', hurt: cutMeta, hasWal: true, before: whole, after: whole, gone: 0 },
  { name: 'a torn meta.json', hurt: cutMeta, hasWal: false, before: 2 * inBlock, after: without, gone: 0 },
  {
    name: 'no meta.json and a damaged chunk',
    hurt: both(dropMeta, hurtChunk),
    hasWal: true,
    before: whole,
    after: whole,
    gone: null,
  },
  {
    name: 'no meta.json and a damaged chunk',
    hurt: both(dropMeta, hurtChunk),
    hasWal: false,
    before: 2 * inBlock,
    after: without - inChunk,
    gone: null,
  },
  { name: 'a damaged chunk', hurt: hurtChunk, hasWal: true, before: null, after: whole, gone: 0 },
  { name: 'a damaged chunk', hurt: hurtChunk, hasWal: false, before: null, after: without - inChunk, gone: inChunk },
  {
    name: 'no meta.json and damaged symbols',
    hurt: both(dropMeta, hurtSymbols),
    hasWal: true,
    before: whole,
    after: whole,
    gone: null,
  },
  {
    name: 'no meta.json and damaged symbols',
    hurt: both(dropMeta, hurtSymbols),
    hasWal: false,
    before: 2 * inBlock,
    after: 2 * inBlock,
    gone: null,
  },
  { name: 'damaged symbols', hurt: hurtSymbols, hasWal: true, before: null, after: whole, gone: 0 },
  { name: 'damaged symbols', hurt: hurtSymbols, hasWal: false, before: null, after: 2 * inBlock, gone: inBlock },
];

describe.skipIf(programs === undefined)('the newest block is damaged (skipped where there is no Prometheus)', () => {
  let directory = '';
  let data = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-meta-'));
    const into = join(directory, 'whole');
    const shape = { startMs, hours: 6, everyMs, series, valueOf };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into });
    writeHead(into, 4 * hourMs);
    expect(countOf(into)).toBe(whole);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const begin = async (hasWal: boolean): Promise<string> => {
    data = join(directory, 'data');
    for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
    await cp(join(directory, 'whole'), data, { recursive: true });
    if (!hasWal) await rm(join(data, 'wal'), { recursive: true });
    const blocks = (await readdir(data)).filter(isBlockName).sort();
    return join(data, blocks.at(-1) ?? '');
  };

  test.each(cases)('$name, with a WAL: $hasWal', async ({ hurt, hasWal, before, after, gone }) => {
    await hurt(await begin(hasWal));
    if (before !== null) expect(countOf(data)).toBe(before);
    for (const program of before === null ? [] : everyPrometheus()) expect(await answersOf(program, data)).toBe(before);
    const readable = countOf(data);
    const proof = await repairDirectory(data);
    expect(proof).toMatchObject({ lost: { samples: 0 }, undecided: { samples: 0 }, kept: { samples: after } });
    expect(proof?.regained).toBe(after - readable);
    expect(proof?.gone.blockSamples).toBe(gone);
    expect(countOf(data)).toBe(after);
    for (const program of everyPrometheus()) expect(await answersOf(program, data)).toBe(after);
    expect(planFor(data).steps).toEqual([]);
  });

  test('a block that nobody saw does not hide what the WAL holds of another', async () => {
    const newest = await begin(true);
    const blocks = (await readdir(data)).filter(isBlockName).sort();
    const older = join(data, blocks.at(-2) ?? '');
    // The WAL reaches back to the older one, of which nothing can be kept.
    await rm(join(data, 'wal'), { recursive: true });
    writeHead(data, 2 * hourMs);
    await both(dropMeta, hurtSymbols)(older);
    await dropMeta(newest);
    expect(countOf(data)).toBe(whole);
    const proof = await repairDirectory(data);
    expect(proof).toMatchObject({ lost: { samples: 0 }, kept: { samples: whole } });
    for (const program of everyPrometheus()) expect(await answersOf(program, data)).toBe(whole);
  });

  test('where block and WAL hold each what the other lacks, what was answered before is answered after', async () => {
    for (const [hurt, after, gone] of [
      // Nobody saw it, and the hour that the WAL holds would be hidden.
      [both(dropMeta, hurtLastChunk), 2 * inBlock + inBlock / 2 + beyond, null],
      // It was seen, and hid that hour before.
      [hurtLastChunk, whole - inChunk, inChunk],
    ] as const) {
      const newest = await begin(true);
      await rm(join(data, 'wal'), { recursive: true });
      writeHead(data, 5 * hourMs);
      await hurt(newest);
      expect(countOf(data)).toBe(after);
      const proof = await repairDirectory(data);
      expect(proof).toMatchObject({ lost: { samples: 0 }, kept: { samples: after }, gone: { blockSamples: gone } });
      for (const program of everyPrometheus()) expect(await answersOf(program, data)).toBe(after);
    }
  });

  test('what had been deleted of a block does not come back from the WAL', async () => {
    await both(hurtChunk, deleteSome)(await begin(true));
    const readable = countOf(data);
    // All of one series, which has lost a chunk besides.
    expect(readable).toBe(whole - inBlock / series);
    const proof = await repairDirectory(data);
    expect(proof).toMatchObject({ lost: { samples: 0 }, kept: { samples: readable }, regained: 0 });
    for (const program of everyPrometheus()) expect(await answersOf(program, data)).toBe(readable);
  });
});

const numbers = Array.from({ length: series }, (_, one) => one);

/** A WAL from there on up to ten minutes behind the blocks. */
function writeHead(data: string, afterMs: number): void {
  const rounds = (6 * hourMs - afterMs) / everyMs + 20;
  writeWal(join(data, 'wal', '00000000'), [
    ...numbers.map((one) => ({ series: one + 1, labels: labelsOf(one) })),
    ...Array.from({ length: rounds }, (_, round) => {
      const at = afterMs / everyMs + round;
      return { samples: numbers.map((one) => [one + 1, startMs + at * everyMs, valueOf(one, at)] as const) };
    }),
  ]);
}

function valueOf(one: number, at: number): number {
  return Math.sin(one * 7 + at);
}

function labelsOf(one: number) {
  return { __name__: 'check_value', job: `job${one % 3}`, series: String(one) };
}

function everyPrometheus(): readonly string[] {
  return [join(programs ?? '', 'prometheus'), ...(current === undefined ? [] : [current])];
}

/** How many samples a Prometheus that was started twice on a copy answers. */
async function answersOf(program: string, data: string): Promise<number> {
  const fixture = await openFixture({ program });
  try {
    await rm(fixture.data, { recursive: true });
    await cp(data, fixture.data, { recursive: true });
    await fixture.start();
    await fixture.stop();
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

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}
