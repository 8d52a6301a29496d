import type { Finding } from './finding.ts';
import type { VolumeComponent } from './component.ts';
import type { TsdbVerdict } from './tsdb-proof.ts';

export interface LostWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: number;
  /** What showed it, in words: a block's ULID, or the metrics that answer less. */
  readonly reason: string;
}

export interface ComponentProof {
  readonly name: Exclude<VolumeComponent, 'prometheus'>;
  readonly kept: number;
  readonly lost: number;
  /** False where it could not be asked before or after; then a finding says why. */
  readonly checked: boolean;
  /** Ids or keys of what is missing. */
  readonly missing: readonly string[];
}

/** A comparison of an inventory with what there is now (docs/format/proof.md). */
export interface Proof {
  readonly format: 1;
  readonly run: string;
  readonly stack: string;
  readonly provedAtMs: number;
  readonly completeToMs: number | null;
  readonly kept: { readonly series: number; readonly samples: number };
  readonly lost: { readonly samples: number; readonly windows: readonly LostWindow[] };
  readonly expired: { readonly samples: number };
  /** From the last sample of before to the first of after; null where there was no sample before. */
  readonly gap: { readonly fromMs: number; readonly toMs: number } | null;
  readonly added: { readonly samples: number };
  readonly components: readonly ComponentProof[];
  /** The second witness: what the bytes say. Null where they were not counted before. */
  readonly tsdb: TsdbVerdict | null;
  readonly findings: readonly Finding[];
}

/** True where nothing at all is missing, for both witnesses. What the bytes leave open, Prometheus has counted. */
export function isGoodProof(proof: Proof): boolean {
  return (
    proof.lost.samples === 0 &&
    proof.lost.windows.length === 0 &&
    proof.components.every((part) => part.lost === 0) &&
    (proof.tsdb === null || proof.tsdb.lost.windows.length === 0)
  );
}

/** How many samples are missing: what the witness who misses more says. */
export function lostSamplesOf({ lost, tsdb }: Pick<Proof, 'lost' | 'tsdb'>): number {
  return Math.max(lost.samples, tsdb?.lost.samples ?? 0);
}

/**
 * True where one witness misses samples and the other one, who was asked about that time as well, has them all. Only
 * windows that both were complete for can be held against one of them.
 */
export function doWitnessesDisagree({ lost, tsdb, completeToMs }: Proof): boolean {
  if (tsdb === null) return false;
  const theyMiss = lost.windows.length > 0;
  const bytesMiss = tsdb.lost.windows.length > 0;
  if (theyMiss === bytesMiss) return false;
  if (bytesMiss) return tsdb.lost.windows.some(({ fromMs }) => completeToMs !== null && fromMs <= completeToMs);
  const { completeToMs: countedToMs, undecided } = tsdb;
  const isOpen = (window: LostWindow): boolean =>
    undecided.windows.some(({ fromMs, toMs }) => fromMs < window.toMs && toMs > window.fromMs);
  return lost.windows.some((window) => countedToMs !== null && window.toMs - 1 <= countedToMs && !isOpen(window));
}
