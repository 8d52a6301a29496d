import type { StepBase } from './plan.ts';
import type { TsdbWindow } from './tsdb-inventory.ts';
import type { UnionWindow } from './tsdb-union.ts';

/** One of the data directories that a stitch reads. It is never changed. */
export interface StitchSource {
  /** Absolute path of the data directory. */
  readonly directory: string;
  /** Over names, kinds, sizes and times of all that is in it: another one means that somebody has written there. */
  readonly fingerprint: string;
}

/** What one stitch makes of what: docs/format/stitch.md. */
export interface StitchManifest {
  readonly format: 1;
  readonly run: string;
  readonly plannedAtMs: number;
  /** The data directory that is made. */
  readonly into: string;
  readonly sources: readonly StitchSource[];
  /** The number of the source whose values count where they differ. */
  readonly winner: number | null;
}

/** Where the blocks are while they are made, and where they go. */
export interface StitchPlace {
  /** Inside `into`, under a name that no Prometheus takes for a block. */
  readonly half: string;
  readonly into: string;
}

/** Done means: the file says the same, and there is a directory to make blocks in, or it has been given away. */
export interface BeginStitchStep extends StepBase, StitchPlace {
  readonly kind: 'begin-stitch';
  readonly file: string;
  readonly manifest: StitchManifest;
}

/** Done means: the file is there and whole. */
export interface CountSourceStep extends StepBase {
  readonly kind: 'count-source';
  readonly source: StitchSource;
  readonly file: string;
}

/** Done means: there is a block of that name. */
export interface TakeBlockStep extends StepBase, StitchPlace {
  readonly kind: 'take-block';
  /** The source's data directory. */
  readonly directory: string;
  readonly block: string;
  readonly sizeBytes: number;
  readonly linked: boolean;
}

/** Done means: the file says which blocks there are, and they are there. */
export interface WriteHeadStep extends StepBase, StitchPlace {
  readonly kind: 'write-head';
  /** The source's data directory, and its number. */
  readonly directory: string;
  readonly source: number;
  /** Exclusive end of what its blocks hold in order: the head begins there. */
  readonly coveredToMs: number | null;
  readonly file: string;
}

/** Blocks that are known when the plan is made, and files that say which blocks a head has become. */
export interface StitchedBlocks {
  readonly blocks: readonly string[];
  readonly heads: readonly string[];
}

/** Done means: the file is there and whole. */
export interface DropLosersStep extends StepBase, StitchPlace {
  readonly kind: 'drop-losers';
  readonly winners: StitchedBlocks;
  readonly losers: StitchedBlocks;
  readonly file: string;
}

/** Done means: the file says what a real Prometheus has answered, and nothing of it is left. */
export interface OpenResultStep extends StepBase, StitchPlace {
  readonly kind: 'open-result';
  readonly run: string;
  readonly file: string;
}

/** Done means: there is a proof that nothing is lost. */
export interface ProveStitchStep extends StepBase, StitchPlace {
  readonly kind: 'prove-stitch';
  /** The file of open-result; null where there is no such step. */
  readonly opened: string | null;
  readonly run: string;
  readonly sources: readonly (StitchSource & { readonly counted: string })[];
  readonly winner: number | null;
  readonly file: string;
}

/** Done means: the blocks are in their place, and nothing half-made is left. */
export interface PublishStitchStep extends StepBase, StitchPlace, StitchedBlocks {
  readonly kind: 'publish-stitch';
}

export type StitchStep =
  | BeginStitchStep
  | CountSourceStep
  | TakeBlockStep
  | WriteHeadStep
  | DropLosersStep
  | OpenResultStep
  | ProveStitchStep
  | PublishStitchStep;

/** What was counted in a source before anything of it was taken. */
export interface CountedSource {
  readonly format: 1;
  readonly directory: string;
  readonly fingerprint: string;
  readonly totals: StitchTotals;
  readonly windows: readonly CountedWindow[];
}

export type CountedWindow = Pick<TsdbWindow, 'fromMs' | 'samples' | 'staleMarkers' | 'digest'>;

export interface StitchTotals {
  readonly series: number;
  readonly samples: number;
  readonly staleMarkers: number;
}

/** Which blocks the head of a source has become. */
export interface WrittenHead {
  readonly format: 1;
  readonly directory: string;
  readonly blocks: readonly string[];
  readonly samples: number;
  readonly outOfOrderSamples: number;
}

/** What a real Prometheus has answered of the blocks, before they were counted. */
export interface OpenedResult {
  readonly format: 1;
  readonly run: string;
  readonly openedAtMs: number;
  /** Absolute path of the program, and what it says of itself. */
  readonly program: string;
  readonly version: string;
  /** As many as there are. */
  readonly blocks: number;
  readonly windows: readonly OpenedWindow[];
}

export interface OpenedWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: number;
  readonly samples: number;
}

/** What a stitch holds of each of its sources: docs/format/stitch.md. */
export interface StitchProof {
  readonly format: 1;
  readonly run: string;
  readonly into: string;
  readonly provedAtMs: number;
  /** The directory whose values count where they differ, or null. */
  readonly wins: string | null;
  /** What the result holds. */
  readonly holds: StitchTotals;
  /** The Prometheus that has opened it and has answered the same; null where none was asked. */
  readonly opened: { readonly program: string; readonly version: string; readonly windows: number } | null;
  readonly sources: readonly ProvedSource[];
  /** Of all sources together: must be none. */
  readonly lost: number;
  /** In the result, and in no source: must be none. */
  readonly added: number;
}

export interface ProvedSource {
  readonly directory: string;
  readonly totals: StitchTotals;
  /** Stale markers are counted in these three, which together are all that the source holds. */
  readonly kept: number;
  readonly dropped: number;
  readonly lost: number;
  /** Windows that lost something. */
  readonly windows: readonly UnionWindow[];
}
