import type { BlockMeta } from '../model/block.ts';
import type { TsdbCheck } from '../model/tsdb-check.ts';
import type { TsdbSurvey } from '../model/tsdb-repair.ts';
import type { TsdbCoverage } from '../model/tsdb-coverage.ts';
import type { TsdbComparison } from '../model/tsdb-comparison.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { BeforeRepair } from '../model/repair-step.ts';
import type { Successor } from './repair/is-successor.ts';
import type { DroppedSamples, TsdbUnion, UnionWindow } from '../model/tsdb-union.ts';
import type { SalvageCount } from './repair/rewrite-segment.ts';
import type { BlockToCopy, CopiedBlock } from './write/copy-block.ts';
import type { HeadBlocks } from './write/write-head-blocks.ts';

/** What may be asked of a TSDB in a thread of its own, and what comes back. */
export interface TsdbTasks {
  readonly inventory: { readonly ask: InventoryTask; readonly answer: TsdbInventory };
  readonly check: { readonly ask: CheckTask; readonly answer: CheckAnswer };
  readonly survey: { readonly ask: SurveyTask; readonly answer: TsdbSurvey };
  readonly 'copy-block': { readonly ask: CopyBlockTask; readonly answer: CopiedBlock };
  readonly 'count-segment': { readonly ask: CountSegmentTask; readonly answer: SegmentCount };
  readonly 'rewrite-segment': { readonly ask: RewriteSegmentTask; readonly answer: SegmentCount };
  readonly coverage: { readonly ask: CoverageTask; readonly answer: TsdbCoverage };
  readonly 'is-successor': { readonly ask: IsSuccessorTask; readonly answer: boolean };
  readonly 'write-head': { readonly ask: WriteHeadTask; readonly answer: HeadBlocks };
  readonly compare: { readonly ask: CompareTask; readonly answer: TsdbComparison };
  readonly 'compare-union': { readonly ask: CompareUnionTask; readonly answer: TsdbUnion };
  readonly 'drop-losers': { readonly ask: DropLosersTask; readonly answer: DroppedSamples };
}

export interface InventoryTask {
  readonly kind: 'inventory';
  /** A Prometheus data directory. */
  readonly directory: string;
  /** Null where nobody writes; else a moment up to which everything is on the disk. */
  readonly settledMs: number | null;
  /** The window that it falls into is counted up to it besides; else up to `settledMs`. */
  readonly cutMs?: number | null;
  /** Where it is to be counted as it was before a repair. */
  readonly beforeRepair?: BeforeRepair;
  /** Where nothing is to be counted but this block, by the name of its directory, and that also if it is replaced. */
  readonly onlyBlock?: string;
  /** 1 for no more than one; else two, where the machine has as many processors. */
  readonly threads?: 1;
}

/** When a data directory holds samples. */
export interface CoverageTask {
  readonly kind: 'coverage';
  readonly directory: string;
  /** Where what is known of whole blocks is kept; null for nowhere. */
  readonly cacheDirectory: string | null;
  readonly nowMs: number;
}

/** Two data directories sample by sample, in the windows in question. */
export interface CompareTask {
  readonly kind: 'compare';
  /** The one of before. */
  readonly directory: string;
  readonly after: string;
  /** Where `directory` is meant as it was before a repair. */
  readonly beforeRepair?: BeforeRepair;
  /** Where of `directory` nothing is meant but this block, as of an inventory. */
  readonly onlyBlock?: string;
  /** Further directories that hold what there is now: together they must hold everything. */
  readonly others?: readonly string[];
  /** Nothing behind it is compared. */
  readonly cutMs: number;
  /** With at most how many series each has on both sides together. */
  readonly windows: readonly { readonly fromMs: number; readonly series: number }[];
}

/** Several data directories held against each other, or against what was made of them. */
export interface CompareUnionTask {
  readonly kind: 'compare-union';
  /** What messages name. */
  readonly directory: string;
  readonly sources: readonly string[];
  /** The number of the source whose values count where they differ. */
  readonly winner: number | null;
  /** What was made of them; null to look for conflicts. */
  readonly result: string | null;
  readonly windows: readonly UnionWindow[];
}

/** Deletes from some blocks of a directory what differs from others in it. */
export interface DropLosersTask {
  readonly kind: 'drop-losers';
  readonly directory: string;
  readonly winners: readonly string[];
  readonly losers: readonly string[];
}

export interface CheckTask {
  readonly kind: 'check';
  readonly directory: string;
  /** True where somebody writes. */
  readonly isLive: boolean;
  /** Null for as fast as it can. */
  readonly maxBytesPerSecond: number | null;
  /** 1 for no more than one; else two, where the machine has as many processors. */
  readonly threads?: 1;
}

export interface CheckAnswer extends TsdbCheck {
  /** Blocks whose meta.json can be read, for those who judge them by more than their bytes. */
  readonly blocks: readonly BlockMeta[];
}

/** What a Prometheus would not start on, and what can be kept of it. */
export interface SurveyTask {
  readonly kind: 'survey';
  readonly directory: string;
}

/** Writes what can be believed of a block into a new one beside it. */
export interface CopyBlockTask {
  readonly kind: 'copy-block';
  readonly directory: string;
  readonly block: BlockToCopy;
  readonly to: string;
  /** Where the block lies in another directory than the new one. */
  readonly from?: string;
  /** True where its chunk files are taken by their numbers, and not in their order. */
  readonly isNumbered?: boolean;
}

/** Whether a block is the copy that a repair would write. */
export interface IsSuccessorTask extends Successor {
  readonly kind: 'is-successor';
  readonly directory: string;
  /** Where the original lies. */
  readonly from: string;
}

/** Turns the head of a directory that nobody writes to into blocks of another one. */
export interface WriteHeadTask {
  readonly kind: 'write-head';
  readonly directory: string;
  /** As HeadBlocksOrder. */
  readonly coveredToMs: number | null;
  /** Absolute; it is there. */
  readonly into: string;
  /** Of which the names of new blocks bear the time. */
  readonly nowMs: number;
}

export interface CountSegmentTask {
  readonly kind: 'count-segment';
  readonly directory: string;
  /** Below the directory. */
  readonly path: string;
}

/** Writes the whole records of a segment into a new file. */
export interface RewriteSegmentTask {
  readonly kind: 'rewrite-segment';
  readonly directory: string;
  readonly path: string;
  /** Absolute; what is there is replaced. */
  readonly to: string;
}

export interface SegmentCount extends SalvageCount {
  readonly damages: number;
}

export type TsdbTask = TsdbTasks[keyof TsdbTasks]['ask'];

export interface TaskRunOptions {
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** Does a task in a thread of its own. */
export type RunTsdbTask = <T extends TsdbTask>(
  task: T,
  options: TaskRunOptions,
) => Promise<TsdbTasks[T['kind']]['answer']>;

/** What the thread says while it works, and at its end. */
export type TsdbMessage =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'failed'; readonly message: string; readonly stack: string | null; readonly errno: string | null };
