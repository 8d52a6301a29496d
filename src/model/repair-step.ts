import type { StepBase } from './plan.ts';
import type { LostSeries } from './tsdb-comparison.ts';
import type { BlockCounts, BlockShape, BlockTimes } from './tsdb-repair.ts';

/** What one repair moves out of the way, and why: docs/format/quarantine.md. */
export interface QuarantineManifest {
  readonly format: 1;
  readonly run: string;
  readonly plannedAtMs: number;
  /** The data directory that everything came from. */
  readonly directory: string;
  readonly entries: readonly QuarantineEntry[];
  /** What the repair makes below the data directory. */
  readonly made: readonly string[];
  /** Segments that got another number, below the data directory. */
  readonly renames: readonly { readonly from: string; readonly to: string }[];
}

export interface QuarantineEntry {
  /** Below the data directory. */
  readonly path: string;
  /** Below the folder of the run. */
  readonly movedTo: string;
  readonly why: readonly string[];
  /** What stands in its place, below the data directory; null for nothing. */
  readonly replacedBy: string | null;
}

/** Done means: the file says the same. */
export interface WriteManifestStep extends StepBase {
  readonly kind: 'write-manifest';
  readonly file: string;
  readonly manifest: QuarantineManifest;
}

/** A data directory as it was before a repair: what lies aside is looked up there, and what was made is not there. */
export interface BeforeRepair {
  /** The folder of the run in the quarantine. */
  readonly folder: string;
  /** Below the data directory. */
  readonly made: readonly string[];
}

/** Done means: the file is there and whole. */
export interface CountBeforeStep extends StepBase, BeforeRepair {
  readonly kind: 'count-before';
  readonly directory: string;
  readonly file: string;
}

/** Done means: there is a block of the new name, it is whole, and says of itself what was to be written. */
export interface RewriteBlockStep extends StepBase {
  readonly kind: 'rewrite-block';
  readonly directory: string;
  readonly block: string;
  /** Where the block goes afterwards: one that was killed in between is read there. */
  readonly original: string;
  readonly to: string;
  readonly shape: BlockShape;
  /** What meta.json counts, or null. */
  readonly series: number | null;
  /** True where its chunk files are taken by their numbers, and not in their order. */
  readonly isNumbered: boolean;
  readonly keeps: BlockCounts;
}

/** Done means: it is no longer where it was. */
export interface MoveAsideStep extends StepBase {
  readonly kind: 'move-aside';
  readonly from: string;
  readonly to: string;
}

/** Done means: the original is in the quarantine, and the segment in its place has no damage. */
export interface RewriteSegmentStep extends StepBase {
  readonly kind: 'rewrite-segment';
  readonly directory: string;
  /** Below the directory. */
  readonly path: string;
  /** Where the original goes. */
  readonly original: string;
  readonly recordsKept: number;
  readonly bytesLost: number;
}

/** Done means: there is a checkpoint of that name. */
export interface MakeCheckpointStep extends StepBase {
  readonly kind: 'make-checkpoint';
  readonly path: string;
}

/** Done means: it is no longer under its old name. */
export interface RenameSegmentStep extends StepBase {
  readonly kind: 'rename-segment';
  readonly from: string;
  readonly to: string;
}

/** Done means: there is a segment of that name. */
export interface FillHoleStep extends StepBase {
  readonly kind: 'fill-hole';
  readonly path: string;
}

/** Done means: the proof is there and whole. */
export interface ProveRepairStep extends StepBase, BeforeRepair {
  readonly kind: 'prove-repair';
  readonly run: string;
  readonly directory: string;
  readonly before: string;
  readonly file: string;
  readonly blocks: readonly RepairedBlock[];
  readonly segments: readonly RepairedSegment[];
}

export interface RepairedBlock {
  readonly ulid: string;
  /** The block that holds what was kept, or null. */
  readonly to: string | null;
  /** What meta.json counted, or what there was where nothing else was damaged; null where nobody knows. */
  readonly counted: BlockCounts | null;
  /** What meta.json said; null where it could not be read, so that Prometheus did not see the block. */
  readonly times: BlockTimes | null;
  readonly kept: BlockCounts;
  /** True where no block was written, since the head holds what is kept, and more that a block would have hidden. */
  readonly isInHead: boolean;
  /** True where another block holds its samples, so that none is gone. */
  readonly isReplaced: boolean;
  /** True where its tombstones could not be read: what had been deleted of it is there again. */
  readonly undeleted: boolean;
}

export interface RepairedSegment {
  readonly path: string;
  readonly recordsKept: number;
  readonly bytesLost: number;
}

export type RepairStep =
  | WriteManifestStep
  | CountBeforeStep
  | RewriteBlockStep
  | MoveAsideStep
  | RewriteSegmentStep
  | MakeCheckpointStep
  | RenameSegmentStep
  | FillHoleStep
  | ProveRepairStep;

/** What a repair kept and what is gone: docs/format/quarantine.md. */
export interface RepairProof {
  readonly format: 1;
  readonly run: string;
  readonly directory: string;
  readonly provedAtMs: number;
  /** Every sample that can be read now. */
  readonly kept: SampleTotals;
  /** Every sample that could be read before. */
  readonly readableBefore: SampleTotals;
  /**
   * What could be read before and cannot now, or has another value: must be none. Windows that are equal by their digests
   * are kept; the others were compared sample by sample, with the originals in the quarantine.
   */
  readonly lost: {
    readonly samples: number;
    /** Net of each window: they are counted and not compared. */
    readonly staleMarkers: number;
    readonly windows: readonly LostWindow[];
    readonly series: { readonly listed: readonly LostSeries[]; readonly more: number };
  };
  /** Windows that changed by other hands than this repair's, so that nothing is proven of them. */
  readonly undecided: { readonly samples: number; readonly windows: readonly LostWindow[] };
  /** Samples that can be read now and could not before. */
  readonly regained: number;
  /** What the damage took: samples by blocks, as their meta.json counted them, and bytes by segments. */
  readonly gone: {
    /** Less those that the WAL held as well. Null where nobody knows what a block without a meta.json held. */
    readonly blockSamples: number | null;
    readonly walBytes: number;
  };
  readonly blocks: readonly RepairedBlock[];
  readonly segments: readonly RepairedSegment[];
}

export interface SampleTotals {
  readonly series: number;
  readonly samples: number;
  readonly staleMarkers: number;
}

export interface LostWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: number;
  readonly reason: string;
}
