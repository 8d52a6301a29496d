import { join } from 'node:path';
import { BlockReader, type BlockDamage, type BlockReaderOptions } from '../block/block-reader.ts';
import { checkPostings } from '../block/check-postings.ts';
import { kernelBuffer } from '../bytes/kernel-memory.ts';
import { Damage } from '../damage.ts';
import { groupByOverlap } from '../block/visible-blocks.ts';
import type { ChunkMeta, SeriesEntry, SeriesPart } from '../block/series-reader.ts';
import type { BlockMeta } from '../../model/block.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { ConflictSums } from './conflict-sums.ts';
import { reachesIntoHead } from './late-in-blocks.ts';
import type { LateSamples } from './late-samples.ts';
import { jobOf } from './job-of.ts';
import { mergeBlocks, type Conflict } from './merge-blocks.ts';
import { seedOfLabels } from './sample-digest.ts';
import { SeriesAccumulator } from './series-accumulator.ts';
import type { SeriesTally } from './tally.ts';

export interface CountBlocksOptions {
  readonly files: TsdbFiles;
  readonly tally: SeriesTally;
  /** What of these is found in a block is counted there. */
  readonly late: LateSamples;
  /** Where several blocks hold different values. */
  readonly conflicts: ConflictSums;
  /** From then on, samples of blocks of what came out of order are among the late ones. */
  readonly headFromMs: number;
  readonly onDamage: (damage: BlockDamage) => void;
  readonly onConflict: (conflict: Conflict) => void;
  readonly onRead?: (bytes: number) => void;
  /** Only a part of the series; then there is one block. */
  readonly part?: SeriesPart;
  /** Chunks that need not be read are left out. */
  readonly isWanted?: (chunk: ChunkMeta) => boolean;
}

/** Adds up what the blocks hold, each sample once. Those whose times overlap are read side by side. */
export function countBlocks(blocks: readonly BlockMeta[], options: CountBlocksOptions): void {
  for (const group of groupByOverlap(blocks)) {
    options.tally.beginBlocks?.(group[0]?.minTime ?? 0);
    countGroup(group, options);
  }
}

function countGroup(group: readonly BlockMeta[], options: CountBlocksOptions): void {
  const { files, onDamage, onRead, isWanted, part } = options;
  const readers: BlockReader[] = [];
  try {
    for (const block of group) {
      const { ulid, series, minTime, maxTime } = block;
      // One block alone may use the kernel's buffers, which are there once.
      const buffers = group.length === 1 && { buffers: [kernelBuffer(0), kernelBuffer(1)] as const };
      const reading = {
        times: { minTime, maxTime },
        ...buffers,
        ...(part && { part }),
        ...(onRead && { onRead }),
        ...(isWanted && { isWanted }),
        ...(reachesIntoHead(block, options.headFromMs) && { untilMs: options.headFromMs }),
      };
      const reader = openBlock(files, ulid, { onDamage, seriesCount: series, ...reading });
      if (reader !== undefined) readers.push(reader);
    }
    const [only, ...others] = readers;
    if (only === undefined) return;
    if (others.length === 0) countAlone(only, options);
    else countMerged(readers, options);
    for (const { directory } of readers) lookThroughPostings(directory, options);
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Nothing is counted by them, but without them a Prometheus finds nothing of what is. Once for each block is enough. */
function lookThroughPostings(block: string, { files, onDamage, onRead, isWanted, part }: CountBlocksOptions): void {
  if (isWanted !== undefined || (part?.number ?? 0) > 0) return;
  const file = join(block, 'index');
  checkPostings(files, file, {
    onDamage: (damage) => onDamage({ file, offset: damage.offset, damage, labels: null, fromMs: null, toMs: null }),
    ...(onRead && { onRead }),
  });
}

/** Undefined for one without an index, which is told. */
function openBlock(files: TsdbFiles, ulid: string, options: BlockReaderOptions): BlockReader | undefined {
  try {
    return new BlockReader(files, ulid, options);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    if ((options.part?.number ?? 0) > 0) return undefined;
    options.onDamage({ file: `${ulid}/index`, offset: 0, damage: error, labels: null, fromMs: null, toMs: null });
    return undefined;
  }
}

function countAlone(block: BlockReader, { tally, late, conflicts }: CountBlocksOptions): void {
  const accumulator = new SeriesAccumulator(tally, late, conflicts);
  for (const entry of block.series()) countEntry(block, entry, accumulator);
}

function countEntry(block: BlockReader, entry: SeriesEntry, accumulator: SeriesAccumulator): void {
  accumulator.begin(seedOfLabels(entry.labels), jobOf(entry.labels), block.deletedOf(entry));
  block.readChunks(entry, (encoding, data) => accumulator.chunk(encoding, data));
  accumulator.end();
}

function countMerged(blocks: readonly BlockReader[], options: CountBlocksOptions): void {
  const { tally, late, conflicts, onConflict } = options;
  const accumulator = new SeriesAccumulator(tally, late, conflicts);
  for (const { labels, read } of mergeBlocks(blocks, onConflict)) {
    accumulator.begin(seedOfLabels(labels), jobOf(labels), undefined);
    read(accumulator);
    accumulator.end();
  }
}
