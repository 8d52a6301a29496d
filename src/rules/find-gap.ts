import type { Proof } from '../model/proof.ts';

/**
 * The outage, from the times of all samples of `up`: the longest hole that begins at or after the last sample of the
 * baseline, however short; one that lasts still ends at `nowMs`. Null where there is no sample at all.
 */
export function findGap(
  timesMs: readonly number[],
  baseline: { readonly completeToMs: number; readonly nowMs: number },
): Proof['gap'] {
  const sorted = [...timesMs].sort((a, b) => a - b);
  if (sorted.length > 0) sorted.push(Math.max(baseline.nowMs, sorted.at(-1) ?? 0));
  const lastBefore = sorted.findLastIndex((timeMs) => timeMs <= baseline.completeToMs);
  let gap: Proof['gap'] = null;
  for (let index = Math.max(0, lastBefore); index < sorted.length - 1; index += 1) {
    const fromMs = sorted[index];
    const toMs = sorted[index + 1];
    if (fromMs === undefined || toMs === undefined) continue;
    if (gap === null || toMs - fromMs > gap.toMs - gap.fromMs) gap = { fromMs, toMs };
  }
  return gap;
}
