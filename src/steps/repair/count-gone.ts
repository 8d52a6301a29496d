import type { ProveRepairStep, RepairedBlock } from '../../model/repair-step.ts';
import type { TsdbInventory } from '../../model/tsdb-inventory.ts';

export interface BeforeAndAfter {
  readonly before: TsdbInventory;
  readonly after: TsdbInventory;
}

/**
 * What blocks held by their own count and is not kept, less what the WAL held as well and Prometheus answers now. Null where
 * nobody knows what they held.
 */
export function countGone({ blocks, segments, made }: ProveRepairStep, sides: BeforeAndAfter): number | null {
  const lacking: RepairedBlock[] = [];
  let gone = 0;
  for (const block of blocks) {
    const { counted, kept, isReplaced } = block;
    if (isReplaced) continue;
    if (counted === null) return null;
    if (counted.samples <= kept.samples) continue;
    gone += counted.samples - kept.samples;
    lacking.push(block);
  }
  // Of a WAL that was mended too, nobody can tell which of its samples the blocks had held.
  const isWalMended = segments.length > 0 || made.some((path) => /^(?:wal|wbl)\//.test(path));
  return isWalMended ? gone : Math.max(0, gone - countFromWal(lacking, blocks, sides));
}

/** What is more than before in the times of the blocks, and came with no block that nobody had seen. */
function countFromWal(
  lacking: readonly RepairedBlock[],
  blocks: readonly RepairedBlock[],
  { before, after }: BeforeAndAfter,
): number {
  const was = new Map(before.windows.map(({ fromMs, samples }) => [fromMs, samples]));
  const theirs = after.windows.filter(({ fromMs, toMs }) => {
    return lacking.some(({ times }) => times !== null && times.minTime < toMs && times.maxTime > fromMs);
  });
  const more = theirs.reduce((sum, { fromMs, samples }) => sum + Math.max(0, samples - (was.get(fromMs) ?? 0)), 0);
  const unseen = blocks.filter(({ times }) => times === null).reduce((sum, { kept }) => sum + kept.samples, 0);
  return Math.max(0, more - unseen);
}
