import type { BlockOnDisk } from './block.ts';
import type { StitchSource } from './stitch-step.ts';
import type { TsdbInventory } from './tsdb-inventory.ts';
import type { TsdbUnion } from './tsdb-union.ts';

/** One source of a stitch, read whole. */
export interface ObservedSource extends StitchSource {
  readonly inventory: TsdbInventory;
  /** Those that no compaction has replaced. */
  readonly blocks: readonly BlockOnDisk[];
  /** Bytes of wal/, wbl/ and chunks_head/. */
  readonly headBytes: number;
  /** Exclusive end of what its blocks hold in order, where the head begins; null for no such block. */
  readonly coveredToMs: number | null;
}

/** What lies in more than one source. Sources by their numbers. */
export interface Twins {
  /** Blocks of one name whose bytes are not the same. */
  readonly strangers: readonly { readonly block: string; readonly sources: readonly [number, number] }[];
  /** Of each source, the first one that has the very same head: itself, in most cases. */
  readonly headOf: readonly number[];
}

export interface ObservedSources {
  readonly sources: readonly ObservedSource[];
  readonly twins: Twins;
  /** The same series with different values at the same time; null where no window may hold any. */
  readonly union: TsdbUnion | null;
}
