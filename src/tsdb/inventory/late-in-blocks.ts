import type { BlockMeta } from '../../model/block.ts';
import { BlockReader } from '../block/block-reader.ts';
import { isDeleted } from '../block/tombstones.ts';
import { isStaleMarker } from '../chunk/sample-sink.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { jobOf } from './job-of.ts';
import type { LateSamples } from './late-samples.ts';
import { hashed, hashFloat, hashHistogram, seedOfLabels } from './sample-digest.ts';

/** True for a block of what came out of order that ends behind the newest block of what came in order. */
export function reachesIntoHead({ hints, maxTime }: Pick<BlockMeta, 'hints' | 'maxTime'>, headFromMs: number): boolean {
  return maxTime > headFromMs && hints.includes('from-out-of-order');
}

/**
 * Adds to the late samples what a block of such samples holds where the head begins already: the head may hold the same in
 * its order, as where a sender has sent it twice. What is damaged is told by whoever counts the block.
 */
export function addLateOfBlock(
  { files, late }: { readonly files: TsdbFiles; readonly late: LateSamples },
  block: BlockMeta,
  headFromMs: number,
): void {
  let reader: BlockReader;
  try {
    const { ulid: name, minTime, maxTime } = block;
    reader = new BlockReader(files, name, {
      seriesCount: null,
      times: { minTime, maxTime },
      onDamage: () => undefined,
    });
  } catch (error) {
    if (error instanceof Damage) return;
    throw error;
  }
  try {
    for (const entry of reader.series()) {
      const chunks = entry.chunks.filter((chunk) => chunk.maxTime >= headFromMs);
      if (chunks.length === 0) continue;
      const identity = { seed: seedOfLabels(entry.labels), job: jobOf(entry.labels) };
      const deleted = reader.deletedOf(entry);
      const add = (timeMs: number, isStale: boolean): void => {
        if (timeMs < headFromMs || isDeleted(deleted, timeMs)) return;
        late.add(identity, { timeMs, isStale, isInBlock: true, ...hashed });
      };
      reader.readSamples(
        { ...entry, chunks },
        {
          float: (timeMs, high, low) => {
            hashFloat(identity.seed, timeMs, high, low);
            add(timeMs, isStaleMarker(high, low));
          },
          histogram: (timeMs, sample, isStale) => {
            hashHistogram(identity.seed, timeMs, sample);
            add(timeMs, isStale);
          },
        },
      );
    }
  } finally {
    reader.close();
  }
}
