/** However many runs samples are sorted in, they come back by window, series and time, each time once, the first one that is no stale marker kept. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { windowMs } from '../inventory/window-table.ts';
import { SampleSpool } from './sample-spool.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-spool-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

interface Given {
  readonly rank: number;
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number | readonly number[];
}

const sample: fc.Arbitrary<Given> = fc.record({
  rank: fc.integer({ min: 0, max: 3 }),
  timeMs: fc.oneof(
    fc.integer({ min: -3 * windowMs, max: 3 * windowMs }),
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(2 ** 50, -(2 ** 50)),
  ),
  startMs: fc.constantFrom(0, 0, -7, 2 ** 50),
  value: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2 })),
});

test('samples in any order, sorted a few at a time', () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 200 }),
      fc.array(sample, { maxLength: 200 }),
      fc.integer({ min: 1, max: 20 }),
      (late, given, capacity) => {
        // What comes in order comes with increasing times of each series.
        const inOrder = given.toSorted((one, other) => one.timeMs - other.timeMs).filter(isFirstOf);
        const conflicts: string[] = [];
        const spool = new SampleSpool({
          path: join(directory, 'spool'),
          seriesCount: 4,
          onConflict: (rank, timeMs) => conflicts.push(`${rank} ${timeMs}`),
          capacity,
          mostRuns: 3,
        });
        try {
          for (const one of late) spool.add(stored(one), true);
          for (const one of inOrder) spool.add(stored(one), false);
          expect(drain(spool)).toEqual(expected(late, inOrder));
          const different = [...inOrder, ...late].filter((one, at, all) => {
            const first = all.find((other) => placeOf(other) === placeOf(one) && !isStale(other));
            return (
              first !== undefined && !isStale(one) && all.indexOf(first) < at && !isSameValue(first.value, one.value)
            );
          });
          expect(conflicts.length > 0).toBe(different.length > 0);
        } finally {
          spool.close();
        }
      },
    ),
  );
});

test('the file has no name, and one that a killed process has left is no hindrance', async () => {
  await writeFile(join(directory, 'spool'), 'left');
  const spool = new SampleSpool({
    path: join(directory, 'spool'),
    seriesCount: 1,
    onConflict: () => undefined,
    capacity: 1,
  });
  spool.add(stored({ rank: 0, timeMs: 5, startMs: 0, value: 7 }), false);
  expect(await readdir(directory)).toEqual([]);
  expect(drain(spool)).toEqual([['0 5', 0, 7, false]]);
  spool.close();
});

function placeOf({ rank, timeMs }: Given): string {
  return `${rank} ${timeMs}`;
}

function isFirstOf(one: Given, at: number, all: readonly Given[]): boolean {
  return all.findIndex((other) => placeOf(other) === placeOf(one)) === at;
}

/** As it stands in the second byte of a histogram. */
function isStale({ value }: Given): boolean {
  return typeof value !== 'number' && ((value[1] ?? 0) & 2) !== 0;
}

/** The first byte of a histogram is its hint, which is no part of the value. */
function isSameValue(one: Given['value'], other: Given['value']): boolean {
  if (typeof one === 'number' || typeof other === 'number') return one === other;
  return JSON.stringify(one.slice(1)) === JSON.stringify(other.slice(1));
}

function stored({ rank, timeMs, startMs, value }: Given) {
  const isFloat = typeof value === 'number';
  return {
    rank,
    timeMs,
    startMs,
    high: isFloat ? value : 0,
    low: 0,
    histogram: isFloat ? undefined : Uint8Array.from(value),
  };
}

function expected(late: readonly Given[], inOrder: readonly Given[]): readonly unknown[] {
  const all = [...inOrder.map((one) => ({ ...one, isLate: false })), ...late.map((one) => ({ ...one, isLate: true }))];
  return all
    .toSorted((one, other) => Number(isStale(one)) - Number(isStale(other)))
    .filter(isFirstOf)
    .toSorted(
      (one, other) =>
        Math.floor(one.timeMs / windowMs) - Math.floor(other.timeMs / windowMs) ||
        one.rank - other.rank ||
        one.timeMs - other.timeMs,
    )
    .map((one) => [placeOf(one), one.startMs, one.value, one.isLate]);
}

function drain(spool: SampleSpool): readonly unknown[] {
  const found: unknown[] = [];
  const sorted = spool.sorted();
  for (let { current } = sorted; current !== undefined; { current } = sorted) {
    const { timeMs, startMs, high, histogram } = current.sample;
    const value = histogram === undefined ? high : [...histogram];
    found.push([`${current.rank} ${timeMs}`, startMs, value, current.isLate]);
    sorted.step();
  }
  return found;
}
