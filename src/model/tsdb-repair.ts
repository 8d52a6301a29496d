/** What has to be done to a data directory before a Prometheus starts on it and answers without errors. */
export interface TsdbSurvey {
  readonly blocks: readonly DamagedBlock[];
  readonly segments: readonly DamagedSegment[];
  /** What has the name of a segment, a checkpoint or a chunk file and is none, or is in the way of others; and why. */
  readonly strays: readonly { readonly path: string; readonly why: string }[];
  /** Checkpoints to be made with an empty segment: what was before the first segment is gone. */
  readonly checkpoints: readonly string[];
  /** Segments whose numbers are behind that of the checkpoint, and what they must be called to be read. */
  readonly renames: readonly { readonly from: string; readonly to: string }[];
  /** Segments that are missing, by their paths. */
  readonly holes: readonly string[];
  /** Files of chunks_head/ from the first damaged one on: what they hold is in the WAL too. */
  readonly headChunks: readonly string[];
  /** Half-made directories that a crash has left. */
  readonly leftovers: readonly string[];
  /** What nobody should decide alone: while there is one, nothing is repaired. */
  readonly blockers: readonly { readonly path: string; readonly why: string; readonly remedy: string }[];
  /** Symlinks that Prometheus passes over, as in the place of a block: nothing behind them is read or repaired. */
  readonly links: readonly string[];
  /** What was seen and is left alone, in words. */
  readonly notes: readonly string[];
}

/** What meta.json of a block says beside its counts. Without sources, a block is its own. Times in ms, [minTime, maxTime). */
export interface BlockShape {
  readonly minTime: number;
  readonly maxTime: number;
  readonly level: number;
  readonly sources: readonly string[];
  readonly hints: readonly string[];
}

/** In ms, [minTime, maxTime). */
export type BlockTimes = Pick<BlockShape, 'minTime' | 'maxTime'>;

export interface BlockCounts {
  readonly series: number;
  readonly chunks: number;
  readonly samples: number;
}

export interface DamagedBlock {
  readonly ulid: string;
  /** The first few damages, in words, and how many there are. */
  readonly damages: readonly string[];
  readonly damageCount: number;
  /** What can be kept, and the name of the block that it goes into; null where nothing can be, or another block holds it. */
  readonly keep: (BlockCounts & { readonly to: string; readonly shape: BlockShape }) | null;
  /** What meta.json counts, or what there is where nothing else is damaged; null where nobody knows. */
  readonly counted: BlockCounts | null;
  /** What meta.json says; null where it cannot be read, so that Prometheus does not see the block. */
  readonly times: BlockTimes | null;
  /** True where a compaction has replaced it by a block that is whole, so that nothing is gone with it. */
  readonly isReplaced: boolean;
  /**
   * What of it the head holds too, where that answers more without the block: Prometheus replays of the WAL only what is
   * behind its newest block. Null where the block is kept or the head holds nothing of it.
   */
  readonly inHead: BlockCounts | null;
  /** True where its tombstones cannot be read: what they had deleted comes back. */
  readonly undeletes: boolean;
  /** True where its chunk files are taken by their numbers, and not in their order as Prometheus takes them: one is missing. */
  readonly isNumbered: boolean;
}

export interface DamagedSegment {
  /** Below the data directory. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly damages: readonly string[];
  readonly damageCount: number;
  readonly recordsKept: number;
  readonly bytesLost: number;
  /** True for zeros alone, where records may have been: Prometheus takes them for padding. */
  readonly isPassedOver: boolean;
}
