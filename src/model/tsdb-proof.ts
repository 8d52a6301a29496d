import type { Finding } from './finding.ts';
import type { LostWindow, Proof } from './proof.ts';
import type { LostSeries } from './tsdb-comparison.ts';
import type { TsdbInventory } from './tsdb-inventory.ts';

/** missing: samples are not there. changed: at their time there is another value. out-of-order: what a snapshot leaves out. */
export type TsdbLossKind = 'missing' | 'changed' | 'out-of-order';

export interface LostTsdbWindow extends LostWindow {
  readonly kind: TsdbLossKind;
  /** False where sums alone told it: then at least so many. */
  readonly exact: boolean;
  /** The empty string for series without a job; none where an inventory has none. */
  readonly jobs: readonly { readonly job: string; readonly samples: number }[];
}

/**
 * added: there are more samples than before, and sums cannot tell whether all of before are among them. filling: the same
 * of the window that was being filled when the inventory was taken. moved: the directory changed while it was compared.
 */
export type UndecidedKind = 'added' | 'filling' | 'moved';

export interface UndecidedWindow extends LostWindow {
  readonly kind: UndecidedKind;
}

/** What the bytes say: two inventories of a TSDB, window by window (docs/format/proof.md). */
export interface TsdbVerdict {
  readonly completeToMs: number | null;
  readonly kept: Proof['kept'];
  readonly lost: {
    readonly samples: number;
    readonly windows: readonly LostTsdbWindow[];
    /** Null where the directories were not both at hand. */
    readonly series: { readonly listed: readonly LostSeries[]; readonly more: number } | null;
  };
  readonly expired: Proof['expired'];
  readonly undecided: { readonly samples: number; readonly windows: readonly UndecidedWindow[] };
  readonly gap: Proof['gap'];
  readonly added: Proof['added'];
  readonly findings: readonly Finding[];
}

/** One side of a proof. */
export interface ProofSide {
  readonly path: string;
  readonly kind: 'directory' | 'inventory' | 'proof';
}

/** What `holdfast proof A B` says: the proof object of a run, without a run. */
export interface TsdbProof extends TsdbVerdict {
  readonly format: 1;
  readonly run: null;
  readonly stack: null;
  readonly provedAtMs: number;
  readonly before: ProofSide;
  readonly after: ProofSide;
  readonly components: readonly [];
  /** Of `after`: what this proof saw, so that a later one can begin here. */
  readonly inventory: TsdbInventory;
}

/** True where every sample of before is proven to be there; only the window that was still being filled may be open. */
export function isGoodVerdict({ lost, undecided }: TsdbVerdict): boolean {
  return lost.windows.length === 0 && undecided.windows.every(({ kind }) => kind === 'filling');
}

/** True where before held no sample at all: then nothing can be missing, whatever after is, and nothing is proved. */
export function provesNothing({ completeToMs }: Pick<TsdbVerdict, 'completeToMs'>): boolean {
  return completeToMs === null;
}

/** Where one series has different values at one time, and the two sides do not have the same of them. */
export function findConflict({ findings }: Pick<TsdbProof, 'findings'>): Finding | undefined {
  return findings.find(({ rule }) => rule === 'conflicts-differ');
}

/** What could not be read of the first side: it is in no sum, so that nobody knows whether the second holds it. */
export function findUnreadBefore({ findings }: Pick<TsdbProof, 'findings'>): readonly Finding[] {
  return findings.filter(({ severity, object }) => severity === 'error' && /^before(?:$|:)/.test(object));
}
