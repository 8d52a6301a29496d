import type { Proof } from '../model/proof.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';

/**
 * The longest hole in the samples of after that begins at or behind the last one of the baseline: from windows alone, so a
 * hole within a later window is not seen. Null where nothing came behind it, or where it cannot be told.
 */
export function findTsdbGap(before: TsdbInventory, after: TsdbInventory): Proof['gap'] {
  const { completeToMs } = before;
  if (completeToMs === null) return null;
  const times = timesBehind(after, completeToMs);
  let gap: Proof['gap'] = null;
  for (const [index, toMs] of times.entries()) {
    const fromMs = times[index - 1];
    // Odd ones begin a hole: the last sample of a stretch, and then the first of the next.
    if (fromMs === undefined || index % 2 === 0) continue;
    if (gap === null || toMs - fromMs > gap.toMs - gap.fromMs) gap = { fromMs, toMs };
  }
  return gap;
}

/** The last sample of the baseline that is there, and then the first and the last of what came behind it. */
function timesBehind({ windows, cut }: TsdbInventory, completeToMs: number): readonly number[] {
  const isCut = cut?.atMs === completeToMs;
  const filled = windows.filter(({ firstMs }) => firstMs !== null);
  const upTo = filled.filter(({ lastMs }) => (lastMs ?? 0) <= completeToMs).map(({ lastMs }) => lastMs ?? 0);
  const cutLast = isCut ? cut.window?.lastMs : null;
  const last = Math.max(...upTo, cutLast ?? -Infinity);
  if (last === -Infinity) return [];
  const times = [last];
  for (const { firstMs, lastMs } of filled) {
    if (firstMs === null || lastMs === null || lastMs <= completeToMs) continue;
    const first = firstMs > completeToMs ? firstMs : isCut ? cut.nextMs : null;
    // A window across the end that was not cut hides where the hole is.
    if (first === null) return [];
    times.push(first, lastMs);
  }
  return times;
}
