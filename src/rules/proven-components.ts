import type { VolumeComponent } from '../model/component.ts';
import { isGoodProof, type Proof } from '../model/proof.ts';

/** Findings that say that a part of Prometheus' head is in no baseline. */
const unproven: readonly string[] = ['unproven-head', 'unanswered-metric'];

/**
 * The components of which a proof has shown that nothing is missing: what was set aside of these alone may go. A baseline
 * without the head says nothing of a WAL, and a component that was not asked says nothing at all.
 */
export function provenComponents(proof: Proof): readonly VolumeComponent[] {
  if (!isGoodProof(proof)) return [];
  const coversHead = proof.findings.every(({ rule }) => !unproven.includes(rule));
  const checked = proof.components.filter((part) => part.checked && part.lost === 0).map(({ name }) => name);
  return coversHead ? ['prometheus', ...checked] : checked;
}
