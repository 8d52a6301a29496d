/**
 * What a retention can have deleted: the oldest blocks, never the newest one, and nothing that is still there. Whatever else is
 * gone is lost, however old it was.
 */
import { expect, test } from 'vitest';
import type { TsdbBlock, TsdbInventory, TsdbWindow } from '../model/tsdb-inventory.ts';
import { condemnedBlocks } from './condemned-blocks.ts';
import { compareTsdbInventories } from './tsdb-verdict.ts';

const windowMs = 7_200_000;
const conflicts = { samples: 0, digest: '0'.repeat(16) };

function windowOf(number: number): TsdbWindow {
  const [fromMs, toMs] = [number * windowMs, (number + 1) * windowMs];
  const digest = String(number).padStart(16, '0');
  return { fromMs, toMs, series: 1, samples: 10, staleMarkers: 0, digest, firstMs: fromMs, lastMs: toMs - 1 };
}

const blockOf = (first: number, end = first + 1): TsdbBlock => ({
  ulid: `b${first}-${end}`,
  fromMs: first * windowMs,
  toMs: end * windowMs,
});

function inventoryOf(numbers: readonly number[], blocks: readonly TsdbBlock[]): TsdbInventory {
  const windows = numbers.map(windowOf);
  const totals = { series: 1, samples: windows.length * 10, staleMarkers: 0, outOfOrderSamples: 0 };
  const completeToMs = windows.at(-1)?.lastMs ?? null;
  return { completeToMs, totals, windows, jobs: [], cut: null, outOfOrder: [], conflicts, blocks, findings: [] };
}

/** Six windows of which the first five are in blocks of their own and the last one is in the head. */
const before = inventoryOf(
  [0, 1, 2, 3, 4, 5],
  [0, 1, 2, 3, 4].map((number) => blockOf(number)),
);

function judge(after: TsdbInventory, windows: number): readonly [number, number] {
  const blocks = condemnedBlocks(before, after, windows * windowMs);
  const { expired, lost } = compareTsdbInventories({ before, after, blocks });
  return [expired.samples, lost.samples];
}

const blocks = (...numbers: readonly number[]) => numbers.map((number) => blockOf(number));

test.each([
  ['the oldest ones', inventoryOf([2, 3, 4, 5], blocks(2, 3, 4)), [20, 0]],
  ['one in the middle, and all older ones are there', inventoryOf([0, 2, 3, 4, 5], blocks(0, 2, 3, 4)), [0, 10]],
  ['one of which an older one is there', inventoryOf([1, 3, 4, 5], blocks(1, 3, 4)), [10, 10]],
  ['samples of a block that is there', inventoryOf([1, 2, 3, 4, 5], blocks(0, 1, 2, 3, 4)), [0, 10]],
  [
    'samples that a compacted block should hold',
    inventoryOf([0, 2, 3, 4, 5], [blockOf(0, 3), ...blocks(3, 4)]),
    [0, 10],
  ],
  ['all blocks, with the newest one', inventoryOf([5], []), [0, 50]],
  ['the head', inventoryOf([0, 1, 2, 3, 4], blocks(0, 1, 2, 3, 4)), [0, 10]],
] as const)('gone: %s', (_, after, expected) => {
  expect(judge(after, 1)).toEqual(expected);
});

test('the head that reaches into the window of an old block has been condemned by nobody', () => {
  const half = { ulid: 'half', fromMs: 0, toMs: windowMs / 2 };
  const fresh = blockOf(4);
  const after = inventoryOf([4, 5], [fresh]);
  const young = { ...inventoryOf([0, 4, 5], [half]) };
  const condemned = condemnedBlocks(young, after, 5.5 * windowMs);
  expect(condemned.condemned).toEqual([half]);
  expect(compareTsdbInventories({ before: young, after, blocks: condemned })).toMatchObject({
    expired: { samples: 0 },
    lost: { samples: 10 },
  });
});
