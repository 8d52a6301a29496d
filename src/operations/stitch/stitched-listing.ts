import { isInOrder, type BlockOnDisk, type TsdbListing } from '../../model/block.ts';
import type { ObservedSource } from '../../model/stitch-facts.ts';

const windowMs = 7_200_000;

/**
 * What the result will hold, for those who judge it by times and sizes: the blocks that are taken, and for each two hours of
 * a head one that is still to be made.
 */
export function stitchedListing(blocks: readonly BlockOnDisk[], heads: readonly ObservedSource[]): TsdbListing {
  const all = [...blocks.map((block) => ({ ...block, parents: [] })), ...heads.flatMap(blocksOfHead)];
  const ends = all.filter(isInOrder).map(({ maxTime }) => maxTime);
  return {
    blocks: all,
    broken: [],
    walBytes: 0,
    headChunksBytes: 0,
    newestBlockMs: ends.length === 0 ? null : Math.max(...ends),
    oldestBlockMs: all.length === 0 ? null : Math.min(...all.map(({ minTime }) => minTime)),
    hasWal: false,
  };
}

/** Named as people are told of them. */
function blocksOfHead({ directory, inventory, coveredToMs, headBytes }: ObservedSource): readonly BlockOnDisk[] {
  const late = new Set(inventory.outOfOrder.map(({ fromMs }) => fromMs));
  const windows = inventory.windows.filter(({ fromMs, toMs }) => toMs > (coveredToMs ?? -Infinity) || late.has(fromMs));
  return windows.map(({ fromMs, series, samples }) => ({
    ulid: `the head of ${directory}`,
    minTime: fromMs,
    maxTime: fromMs + windowMs,
    series,
    samples,
    chunks: 0,
    level: 1,
    sources: [],
    parents: [],
    deletable: false,
    hints: [],
    sizeBytes: Math.ceil(headBytes / windows.length),
  }));
}
