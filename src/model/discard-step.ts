import type { StepBase } from './plan.ts';
import type { LostWindow } from './proof.ts';

/** At the root of a directory that is, or is about to be, set aside: docs/format/discards.md. */
export interface DiscardMark {
  readonly format: 1;
  readonly run: string;
  /** What the directory was called, and where it lay. */
  readonly name: string;
  readonly directory: string;
  readonly discardedAtMs: number;
  readonly proof: KeptSummary;
  /** In words, for whoever finds it. */
  readonly wayBack: string;
}

/** What was proven, without its windows. */
export interface KeptSummary {
  readonly provedAtMs: number;
  readonly series: number;
  readonly samples: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Directories that together hold every sample. */
  readonly keptIn: readonly string[];
}

/** Which samples of a directory are in others, read from the bytes. */
export interface KeptProof extends KeptSummary {
  readonly format: 1;
  readonly directory: string;
  /** Windows whose sums alone proved them, and those that were compared sample by sample. */
  readonly windows: { readonly bySums: number; readonly bySamples: number };
  /** Must be none. */
  readonly lost: readonly LostKeptWindow[];
  /** What could not be read or decided, in words; must be none. */
  readonly undecided: readonly string[];
}

export interface LostKeptWindow extends Omit<LostWindow, 'reason'> {
  /** Of the samples, those at whose time the others hold another value. */
  readonly changed: number;
  readonly jobs: readonly string[];
}

/** A directory that holds what is discarded, as it was found. */
export interface KeeperRef {
  readonly path: string;
  readonly inode: number;
}

/** Done means: the file is there and whole. */
export interface RecordProofStep extends StepBase {
  readonly kind: 'record-proof';
  readonly file: string;
  readonly proof: KeptProof;
}

/** Done means: the directory, under its old name or its new one, bears the mark of this run. */
export interface MarkDiscardedStep extends StepBase {
  readonly kind: 'mark-discarded';
  readonly from: string;
  readonly to: string;
  readonly mark: DiscardMark;
}

/** Done means: the directory with the mark of this run has its new name, and no longer its old one. */
export interface SetAsideStep extends StepBase {
  readonly kind: 'set-aside';
  readonly from: string;
  readonly to: string;
  /** Whose mark it bears. */
  readonly markedBy: string;
  readonly keepers: readonly KeeperRef[];
}

/** Done means: nothing of that name is there. */
export interface RemoveDiscardedStep extends StepBase {
  readonly kind: 'remove-discarded';
  readonly path: string;
  readonly markedBy: string;
}

export type DiscardStep = RecordProofStep | MarkDiscardedStep | SetAsideStep | RemoveDiscardedStep;
