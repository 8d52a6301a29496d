import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { Condemned, TimeRange } from './tsdb-verdict.ts';

/**
 * Which blocks of an inventory a time retention had already condemned, measured from its newest sample (docs/format/proof.md).
 * Without a limit, or where one of the inventories does not list its blocks, none is. What is there now has not been deleted,
 * and what is behind the blocks of before, in its head, has been condemned by nobody.
 */
export function condemnedBlocks(before: TsdbInventory, after: TsdbInventory, retentionMs: number): Condemned {
  const { blocks, windows } = before;
  const newestMs = windows.reduce((newest, { lastMs }) => Math.max(newest, lastMs ?? newest), -Infinity);
  const isCondemned = (block: TimeRange): boolean =>
    retentionMs > 0 &&
    newestMs + 1 - block.toMs >= retentionMs &&
    after.blocks.some(({ toMs }) => toMs > block.toMs) &&
    isOldestGone(block, after.blocks);
  const head = { fromMs: blocks.reduce((end, { toMs }) => Math.max(end, toMs), -Infinity), toMs: Infinity };
  return {
    condemned: blocks.filter(isCondemned),
    kept: [...blocks.filter((block) => !isCondemned(block)), ...after.blocks, head],
  };
}

/**
 * Whether Prometheus can have deleted a block for its age or for room: it then deletes every one that ends no later as well
 * (tsdb/db.go BeyondTimeRetention, BeyondSizeRetention), so where such a one is still there, something else took it.
 */
export function isOldestGone(gone: { readonly toMs: number }, present: readonly { readonly toMs: number }[]): boolean {
  return present.every(({ toMs }) => toMs > gone.toMs);
}
