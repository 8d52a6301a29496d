import type { Finding } from './finding.ts';
import type { VolumeComponent } from './component.ts';

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
  /** From the last sample of before to the first of after; null where there was no outage to speak of. */
  readonly gap: { readonly fromMs: number; readonly toMs: number } | null;
  readonly added: { readonly samples: number };
  readonly components: readonly ComponentProof[];
  readonly findings: readonly Finding[];
}

/** True where nothing at all is missing. */
export function isGoodProof(proof: Proof): boolean {
  return (
    proof.lost.samples === 0 && proof.lost.windows.length === 0 && proof.components.every((part) => part.lost === 0)
  );
}
