/**
 * Which samples of a head count where a record tells the labels of a series once more. That both Prometheuses answer the same
 * ones is shown in test/tsdb/series-twice.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeHeadChunks, writeWal, type HeadChunkToWrite, type WalEntry } from '../../../test/harness/write-head.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { Dropped } from './dropped-samples.ts';
import { HeadReader } from './head-reader.ts';
import type { HeadSampleSink } from './head-sample-sink.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-head-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const labels = { __name__: 'told' };
const series = (reference: number): WalEntry => ({ series: reference, labels });
const at = (reference: number, ...seconds: readonly number[]): WalEntry => ({
  samples: seconds.map((second) => [reference, second, second] as const),
});
const chunk = (reference: number, ...seconds: readonly number[]): HeadChunkToWrite => ({
  reference,
  points: seconds.map((second) => [second, second] as const),
});

interface Head {
  readonly wal: readonly WalEntry[];
  readonly wbl?: readonly WalEntry[];
  readonly chunks?: readonly HeadChunkToWrite[];
  readonly minValidMs?: number;
}

interface Told {
  readonly late: readonly number[];
  /** In chunks of an older reference. */
  readonly doubtful: readonly number[];
  /** Dropped by a marker of the WBL. */
  readonly marked: readonly number[];
  /** Where something was deleted of the head. */
  readonly hidden: readonly number[];
  readonly inOrder: readonly number[];
  readonly strangers: number;
  /** And why, but for what comes before its series begins anew. */
  readonly dropped: readonly (readonly [
    directory: string,
    samples: number,
    fromMs: number | null,
    toMs: number | null,
    why?: string,
  ])[];
}

function read({ wal, wbl, chunks, minValidMs = -Infinity }: Head): Told {
  writeWal(join(directory, 'wal', '00000000'), wal);
  if (wbl !== undefined) writeWal(join(directory, 'wbl', '00000000'), wbl);
  if (chunks !== undefined) writeHeadChunks(join(directory, 'chunks_head', '000001'), chunks);
  const told = {
    late: [] as number[],
    doubtful: [] as number[],
    marked: [] as number[],
    hidden: [] as number[],
    inOrder: [] as number[],
    strangers: 0,
  };
  const dropped: Told['dropped'][number][] = [];
  const head = new HeadReader({
    files: quietFiles(directory),
    events: {
      onDamage: (path, damage) => expect.fail(`${path}: ${damage.message}`),
      onHole: (missing) => expect.fail(missing),
      onStrangers: (samples) => (told.strangers = samples),
      onDropped: (where, { samples, fromMs, toMs, why }: Dropped) =>
        dropped.push([where, samples, fromMs, toMs, ...(why === 'begins-anew' ? ([] as const) : ([why] as const))]),
    },
  });
  head.readSeries();
  const targets = { 'old-reference': told.doubtful, marked: told.marked, hidden: told.hidden } as const;
  head.readLate((doubt) => noteIn(doubt === undefined ? told.late : targets[doubt]));
  head.readInOrder(minValidMs, noteIn(told.inOrder));
  return { ...told, dropped };
}

function noteIn(times: number[]): HeadSampleSink {
  return { float: (_, timeMs) => times.push(timeMs), histogram: (_, timeMs) => times.push(timeMs) };
}

const none = { late: [], doubtful: [], marked: [], hidden: [], strangers: 0, dropped: [] };

describe('a series that a record tells once more begins anew', () => {
  test.each([
    ['another', 2],
    ['the same', 1],
  ])('with %s reference: what came before is dropped, and said', (_, reference) => {
    const told = read({ wal: [series(1), at(1, 1, 2, 3), series(reference), at(reference, 2, 4)] });
    expect(told).toEqual({ ...none, inOrder: [2, 4], dropped: [['wal', 3, 1, 3]] });
  });

  test('in copied segments, and nothing is missing', () => {
    const part = [series(1), at(1, 1, 2), at(1, 3)];
    expect(read({ wal: [...part, ...part, ...part] })).toEqual({ ...none, inOrder: [1, 2, 3] });
  });

  test('with other values at the same times, which is said', () => {
    const other: WalEntry = { samples: [[1, 2, 7]] };
    expect(read({ wal: [series(1), at(1, 2), series(1), other] }).dropped).toEqual([['wal', 1, 2, 2]]);
  });

  test('and what is dropped is told of neither blocks nor deletions', () => {
    const deleted: WalEntry = { deleted: 1, fromMs: 3, toMs: 4 };
    const told = read({ wal: [series(1), at(1, 1, 2, 3, 4), deleted, series(2), at(2, 4, 5)], minValidMs: 3 });
    expect(told).toEqual({ ...none, inOrder: [5] });
  });

  test('with the head chunks of its new reference, and not those of the old one', () => {
    const wal = [series(1), at(1, 1, 2), series(2), at(2, 4, 5, 6)];
    const told = read({ wal, chunks: [chunk(1, 1, 2), chunk(2, 4, 5)] });
    const dropped = [
      ['wal', 2, 1, 2],
      ['chunks_head', 2, 1, 2],
    ];
    expect(told).toEqual({ ...none, inOrder: [4, 5, 6], dropped });
  });

  test('with the head chunks of its only reference, so that what is in them is not dropped', () => {
    const told = read({ wal: [series(1), at(1, 1, 2, 3), series(1), at(1, 4)], chunks: [chunk(1, 1, 2)] });
    expect(told).toEqual({ ...none, inOrder: [1, 2, 4], dropped: [['wal', 1, 3, 3]] });
  });

  test('and chunks of the old reference whose samples the WAL brings behind it are not missing', () => {
    const told = read({ wal: [series(1), series(2), at(1, 5, 6)], chunks: [chunk(1, 5, 6)] });
    expect(told).toEqual({ ...none, inOrder: [5, 6] });
  });

  test('and what came out of order under the old reference is doubtful', () => {
    const late = { ...chunk(1, 1, 2), isOutOfOrder: true };
    const told = read({
      wal: [series(1), at(1, 9), series(2)],
      wbl: [at(1, 1, 3)],
      chunks: [late, { ...late, reference: 2 }],
    });
    expect(told).toEqual({ ...none, late: [1, 2, 1, 3], doubtful: [1, 2], inOrder: [], dropped: [['wal', 1, 9, 9]] });
  });
});

describe('a marker of the WBL', () => {
  const wal = [series(1), at(1, 100)];
  const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, number) => from + number);
  const marker = (file: number, offset: number, reference = 1): WalEntry => ({ markers: [[reference, file, offset]] });
  const inOrder = [100];

  test('drops what came before it, though no chunk holds it', () => {
    const told = read({ wal, wbl: [at(1, 1, 2), marker(0, 0), at(1, 3), marker(0, 0), at(1, 4)] });
    expect(told).toEqual({ ...none, inOrder, late: [4], marked: [1, 2, 3] });
  });

  test('drops no more than a chunk holds: the others are cut from it by then', () => {
    const wbl = [at(1, ...seconds(1, 33)), at(1, 32, 33, 34), marker(0, 0)];
    expect(read({ wal, wbl })).toEqual({ ...none, inOrder, late: seconds(1, 33), marked: [32, 33, 34] });
  });

  test('counts a time once towards a full chunk', () => {
    const wbl = [at(1, ...seconds(1, 32), 31), at(1, 32), marker(0, 0)];
    const marked = [...seconds(1, 32), 31, 32];
    expect(read({ wal, wbl })).toEqual({ ...none, inOrder, marked });
  });

  test.each([
    ['is there', 8, [1, 2, 3], [1, 2]],
    ['would be behind the last one', 9, [1, 2, 1, 2, 3], []],
  ])('whose chunk %s', (_, offset, late, marked) => {
    const chunks = [{ ...chunk(1, 1, 2), isOutOfOrder: true }];
    const wbl = [at(1, 1, 2), marker(1, offset), at(1, 3)];
    expect(read({ wal, wbl, chunks })).toEqual({ ...none, inOrder, late, marked });
  });

  test.each([
    ['of another series', marker(0, 0, 2)],
    ['of one that nobody knows', marker(0, 0, 3)],
    ['of a chunk in a file that is not there', marker(2, 8)],
  ])('%s drops nothing', (_, mark) => {
    const told = read({
      wal: [series(1), at(1, 100), { series: 2, labels: { __name__: 'other' } }],
      wbl: [at(1, 1), mark],
    });
    expect(told).toEqual({ ...none, inOrder, late: [1] });
  });
});

describe('a deletion in the head', () => {
  const deleted: WalEntry = { deleted: 1, fromMs: 10, toMs: 20 };
  const wal = [series(1), at(1, 10, 15, 100), deleted];

  test('hides what came out of order, and takes away what came in order', () => {
    const chunks = [{ ...chunk(1, 9, 11), isOutOfOrder: true }];
    const told = read({ wal, wbl: [at(1, 12, 15, 21)], chunks });
    expect(told).toEqual({ ...none, inOrder: [100], late: [9, 21], hidden: [11, 12, 15] });
  });

  test('hides nothing that may be dropped', () => {
    const chunks = [{ ...chunk(1, 11), isOutOfOrder: true }];
    const told = read({ wal: [...wal, series(2)], wbl: [at(1, 12), { markers: [[1, 0, 0]] }, at(1, 13)], chunks });
    expect(told).toMatchObject({ late: [], doubtful: [11], marked: [12], hidden: [13] });
  });
});

describe('a series that was compacted away', () => {
  test('begins with its next record, and what it had is not missing', () => {
    const told = read({ wal: [series(1), at(1, 1, 2), { gone: 1 }, series(2), at(2, 5)], chunks: [chunk(1, 1, 2)] });
    expect(told).toEqual({ ...none, inOrder: [5] });
  });

  test('has its new chunks', () => {
    const told = read({ wal: [series(1), { gone: 1 }, series(2), at(2, 5, 6)], chunks: [chunk(2, 5)] });
    expect(told).toEqual({ ...none, inOrder: [5, 6] });
  });

  test('is unknown without one', () => {
    expect(read({ wal: [series(1), at(1, 1), { gone: 1 }, at(1, 2)] })).toEqual({ ...none, inOrder: [], strangers: 1 });
  });
});

test('samples of a series that no record tells are strangers, but for those that are in blocks', () => {
  expect(read({ wal: [series(1), at(2, 1, 2, 3), at(1, 4)], minValidMs: 2 })).toEqual({
    ...none,
    inOrder: [4],
    strangers: 2,
  });
});

describe('deletions of a series with two references', () => {
  const labels = { __name__: 'told' };
  const told = (...deleted: readonly WalEntry[]) =>
    read({
      wal: [
        { series: 1, labels },
        { series: 1, labels },
        { samples: [[1, 1, 1]] },
        { series: 2, labels },
        { samples: [2, 3, 4, 5].map((timeMs) => [2, timeMs, 1] as const) },
        ...deleted,
      ],
    });
  const before = ['wal', 1, 1, 1] as const;

  test('count under each, and what 2.42 answers of it is said', () => {
    expect(told({ deleted: 2, fromMs: 3, toMs: 4 })).toEqual({
      ...none,
      inOrder: [2, 5],
      dropped: [before, ['wal', 2, 3, 4, 'further-reference']],
    });
  });

  test('under the first one are taken by 2.42 as well', () => {
    expect(told({ deleted: 2, fromMs: 3, toMs: 4 }, { deleted: 1, fromMs: 4, toMs: 4 })).toMatchObject({
      inOrder: [2, 5],
      dropped: [before, ['wal', 1, 3, 3, 'further-reference']],
    });
  });

  test('under the first one alone are no doubt', () => {
    expect(told({ deleted: 1, fromMs: 3, toMs: 4 })).toMatchObject({ inOrder: [2, 5], dropped: [before] });
  });
});

test('times that are not held are no damage, and are said', () => {
  const time = Buffer.from('1000000000000000', 'hex');
  const record = Buffer.concat([Buffer.from([2]), Buffer.alloc(7), Buffer.from([1]), time, Buffer.alloc(10)]);
  const head = { wal: [{ series: 1, labels: { __name__: 'told' } }, { record }, { samples: [[1, 5, 1]] }] } as const;
  expect(read(head)).toEqual({ ...none, inOrder: [5], dropped: [['wal', 1, null, null, 'unheld']] });
});
