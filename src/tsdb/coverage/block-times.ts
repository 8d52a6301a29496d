import type { BlockMeta } from '../../model/block.ts';
import { BlockReader, type BlockDamage } from '../block/block-reader.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { mergeBlocks, type Conflict } from '../inventory/merge-blocks.ts';
import { seedOfLabels } from '../inventory/sample-digest.ts';
import type { LateTimes } from './late-times.ts';
import { kindOf } from './series-kind.ts';
import { SeriesTimes, type TakenAway } from './series-times.ts';
import { UnitCount, type UnitTimes } from './unit-times.ts';

export interface BlockTimesOptions {
  readonly files: TsdbFiles;
  /** What of these is found in a block is counted there. */
  readonly late: LateTimes;
  readonly onDamage: (damage: BlockDamage) => void;
  readonly onConflict: (conflict: Conflict) => void;
  readonly onRead: (bytes: number) => void;
}

/** Reads the times of all samples of a block, or of blocks that overlap, each sample once. */
export function readBlockTimes(blocks: readonly BlockMeta[], options: BlockTimesOptions): UnitTimes {
  const unit = new UnitCount();
  const readers: BlockReader[] = [];
  try {
    for (const block of blocks) {
      const reader = openBlock(block, options);
      if (reader !== undefined) readers.push(reader);
    }
    const [only, ...others] = readers;
    if (only !== undefined && others.length === 0) readAlone(only, unit, options);
    else if (only !== undefined) readMerged(readers, unit, options);
  } finally {
    for (const reader of readers) reader.close();
  }
  return unit.finish();
}

/** Undefined for one without an index, which is told. */
function openBlock({ ulid, series, minTime, maxTime }: BlockMeta, options: BlockTimesOptions): BlockReader | undefined {
  const { files, onDamage, onRead } = options;
  try {
    return new BlockReader(files, ulid, { onDamage, seriesCount: series, times: { minTime, maxTime }, onRead });
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    // All of it is missing, and when that was is known.
    const file = `${ulid}/index`;
    onDamage({ file, offset: 0, damage: error, labels: null, fromMs: minTime, toMs: maxTime - 1 });
    return undefined;
  }
}

function readAlone(block: BlockReader, unit: UnitCount, { late }: BlockTimesOptions): void {
  const times = new SeriesTimes(unit);
  for (const entry of block.series()) {
    times.begin(kindOf(entry.labels), block.tombstones.get(entry.reference), lateOf(late, entry.labels));
    block.readSamples(entry, times);
    times.end();
  }
}

function readMerged(blocks: readonly BlockReader[], unit: UnitCount, { late, onConflict }: BlockTimesOptions): void {
  const times = new SeriesTimes(unit);
  for (const { labels, read } of mergeBlocks(blocks, onConflict)) {
    times.begin(kindOf(labels), undefined, lateOf(late, labels));
    read(times);
    times.end();
  }
}

/** The seed is dear, and needed only where something came late. */
function lateOf(late: LateTimes, labels: readonly Uint8Array[]): TakenAway | undefined {
  return late.isEmpty ? undefined : late.timesOf(seedOfLabels(labels));
}
