/** One TSDB block as its meta.json describes it (prometheus/tsdb/block.go BlockMeta). Times in ms, [minTime, maxTime). */
export interface BlockMeta {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly series: number;
  readonly samples: number;
  readonly chunks: number;
  readonly level: number;
  readonly sources: readonly string[];
  readonly parents: readonly string[];
  readonly deletable: boolean;
  /** How it came to be, as `from-out-of-order` and `from-stale-series`. */
  readonly hints: readonly string[];
}

/** Blocks of out-of-order samples and of some series alone say nothing of how far the head was cut (db.go inOrderBlocksMaxTime). */
export function isInOrder({ hints }: Pick<BlockMeta, 'hints'>): boolean {
  return !hints.some((hint) => saysNothingOfHead.has(hint));
}

const saysNothingOfHead: ReadonlySet<string> = new Set([
  'from-out-of-order',
  'from-stale-series',
  'from-selected-series',
]);

/** A block directory with its size on disk. */
export interface BlockOnDisk extends BlockMeta {
  readonly sizeBytes: number;
}

/** A directory named like a block whose meta.json is missing, unreadable or lies about its name. */
export interface BrokenBlock {
  readonly name: string;
  readonly reason: string;
}

/** What a Prometheus data directory holds, from names, sizes and meta.json alone. */
export interface TsdbListing {
  readonly blocks: readonly BlockOnDisk[];
  readonly broken: readonly BrokenBlock[];
  /** wal/, wbl/ and chunks_head/, which size retention counts too. */
  readonly walBytes: number;
  readonly headChunksBytes: number;
  /** Exclusive end of the newest readable block that says how far the head was cut (isInOrder), or null where there is none. */
  readonly newestBlockMs: number | null;
  readonly oldestBlockMs: number | null;
  readonly hasWal: boolean;
}
