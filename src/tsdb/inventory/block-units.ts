import type { BlockMeta } from '../../model/block.ts';
import type { SeriesPart } from '../block/series-reader.ts';
import { groupByOverlap } from '../block/visible-blocks.ts';
import { windowStart } from './window-grid.ts';
import { windowMs } from './window-table.ts';

/**
 * What one thread counts, one block after the other: blocks that overlap or that meet within a window, so that a series that
 * is in several of them is known there; or a part of the series of one block.
 */
export interface BlockUnit {
  readonly blocks: readonly BlockMeta[];
  readonly part?: SeriesPart;
  /** Belongs to the thread that counts the head: it reaches into windows of which that thread knows more. */
  readonly isHome: boolean;
}

export interface UnitPlan {
  readonly blocks: readonly BlockMeta[];
  readonly sizeOf: (block: BlockMeta) => number;
  /** False for one that has to be read from its first series to its last by one reader. */
  readonly isDivisible: (block: BlockMeta) => boolean;
  /** From here on there is the head. */
  readonly headFromMs: number;
  readonly cutMs: number | null;
  /** Larger blocks are shared in parts of about this size. */
  readonly partBytes: number;
}

const mostParts = 16;

/** In the order of their times. */
export function planUnits({
  blocks,
  sizeOf,
  isDivisible,
  headFromMs,
  cutMs,
  partBytes,
}: UnitPlan): readonly BlockUnit[] {
  const homeFromMs = windowStart(headFromMs);
  return chainGroups(blocks).flatMap((chain): readonly BlockUnit[] => {
    const { fromMs, toMs } = rangeOf(chain);
    const holdsCut = cutMs !== null && windowStart(cutMs) >= fromMs && windowStart(cutMs) < toMs;
    if (toMs > homeFromMs || holdsCut) return [{ blocks: chain, isHome: true }];
    const [only, ...others] = chain;
    if (only === undefined || others.length > 0) return [{ blocks: chain, isHome: false }];
    const count = Math.max(1, Math.min(mostParts, Math.round(sizeOf(only) / partBytes)));
    if (count === 1 || !isDivisible(only)) return [{ blocks: chain, isHome: false }];
    return Array.from({ length: count }, (_, number) => ({ blocks: chain, part: { number, count }, isHome: false }));
  });
}

/** Groups of overlapping blocks; those together that have a window in common. */
function chainGroups(blocks: readonly BlockMeta[]): readonly (readonly BlockMeta[])[] {
  const chains: BlockMeta[][] = [];
  let endMs = -Infinity;
  for (const group of groupByOverlap(blocks)) {
    const { fromMs, toMs } = rangeOf(group);
    if (fromMs < endMs) chains.at(-1)?.push(...group);
    else chains.push([...group]);
    endMs = toMs;
  }
  return chains;
}

/** The windows that more than one group of overlapping blocks reaches into. */
export function listSharedWindows(blocks: readonly BlockMeta[]): readonly number[] {
  const shared: number[] = [];
  let endMs = -Infinity;
  for (const group of groupByOverlap(blocks)) {
    const { fromMs, toMs } = rangeOf(group);
    if (fromMs < endMs) shared.push(fromMs);
    endMs = toMs;
  }
  return shared;
}

/** Whole windows. A block of one moment has one. */
function rangeOf(group: readonly BlockMeta[]): { readonly fromMs: number; readonly toMs: number } {
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const { minTime, maxTime } of group) {
    fromMs = Math.min(fromMs, windowStart(minTime));
    toMs = Math.max(toMs, windowStart(Math.max(minTime, maxTime - 1)) + windowMs);
  }
  return { fromMs, toMs };
}
