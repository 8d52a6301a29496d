import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { Condemned } from './tsdb-verdict.ts';

/**
 * Which blocks of an inventory a time retention had already condemned, measured from its newest sample (docs/format/proof.md).
 * Without a limit, or where the inventory does not list its blocks, none is.
 */
export function condemnedBlocks({ blocks, windows }: TsdbInventory, retentionMs: number): Condemned {
  const newestMs = windows.reduce((newest, { lastMs }) => Math.max(newest, lastMs ?? newest), -Infinity);
  const isCondemned = ({ toMs }: { readonly toMs: number }): boolean =>
    retentionMs > 0 && newestMs + 1 - toMs >= retentionMs;
  return { condemned: blocks.filter(isCondemned), kept: blocks.filter((block) => !isCondemned(block)) };
}
