import type { BlockCounts, BlockShape } from '../../model/tsdb-repair.ts';
import { BlockReader, type BlockDamage } from '../block/block-reader.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { BlockWriter, unfinishedSuffix } from './block-writer.ts';
import { chunksToCopy } from './chunks-to-copy.ts';
import type { ChunkToWrite } from './chunk-writer.ts';
import { ContentDigest } from './content-digest.ts';
import { seriesToCopy } from './series-to-copy.ts';

/** As meta.json says it; `series` is null where there is none and nobody has counted. */
export type BlockToCopy = BlockShape & { readonly ulid: string; readonly series: number | null };

export interface CopyBlockOptions {
  readonly from: TsdbFiles;
  readonly meta: BlockToCopy;
  /** The data directory that the copy is made in, and the name that it gets. */
  readonly into: string;
  readonly ulid: string;
  readonly onDamage: (damage: BlockDamage) => void;
  readonly onRead?: (bytes: number) => void;
  readonly segmentBytes?: number;
}

export interface CopiedBlock extends BlockCounts {
  /** SHA-256 over the labels, times, encodings and bytes of all chunks in their order: read back from the copy. */
  readonly contentDigest: string;
}

/**
 * Copies every series and chunk of a block that can be believed into a new block, byte for byte, and reads the copy back
 * before it gets its name. What cannot be believed is told and left out. Throws Damage where nothing can be read at all.
 */
export function copyBlock(options: CopyBlockOptions): CopiedBlock {
  const { into, ulid, meta } = options;
  const writer = new BlockWriter({ directory: into, ulid, ...segmentsOf(options) });
  try {
    const digest = new ContentDigest();
    const reading = options.onRead === undefined ? {} : { onRead: options.onRead };
    const reader = new BlockReader(options.from, meta.ulid, {
      seriesCount: meta.series,
      onDamage: options.onDamage,
      ...reading,
    });
    try {
      for (const entry of seriesToCopy(reader, options.onDamage)) {
        const deleted = reader.tombstones.get(entry.reference);
        writer.addSeries({
          labels: entry.labels,
          chunks: digested(chunksToCopy(reader, entry, options.onDamage), entry.labels, digest),
          deleted,
        });
      }
    } finally {
      reader.close();
    }
    const stats = writer.complete(identityOf(meta));
    const contentDigest = digest.finish();
    verify(into, { unfinished: `${ulid}${unfinishedSuffix}`, stats, contentDigest });
    writer.publish();
    return { ...stats, contentDigest };
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

function segmentsOf({ segmentBytes }: CopyBlockOptions): { readonly segmentBytes?: number } {
  return segmentBytes === undefined ? {} : { segmentBytes };
}

/** Not its parents: Prometheus deletes what a block names there, and the original is not for it to delete. */
function identityOf({ minTime, maxTime, level, sources, hints }: BlockToCopy): BlockShape {
  return { minTime, maxTime, level, sources, hints };
}

function* digested(
  chunks: Iterable<ChunkToWrite>,
  labels: readonly Uint8Array[],
  digest: ContentDigest,
): Generator<ChunkToWrite, void> {
  for (const chunk of chunks) {
    digest.add(labels, chunk);
    yield chunk;
  }
}

interface Expected {
  readonly unfinished: string;
  readonly stats: BlockCounts;
  readonly contentDigest: string;
}

/** Reads the new block with the reader that reads every block, and throws where anything differs from what was written. */
function verify(directory: string, { unfinished, stats, contentDigest }: Expected): void {
  const digest = new ContentDigest();
  const onDamage = ({ file, offset, damage }: BlockDamage): void => {
    throw new Error(`The new block does not read back: ${file} at byte ${offset}: ${damage.message}.`);
  };
  const reader = new BlockReader(quietFiles(directory), unfinished, { seriesCount: stats.series, onDamage });
  try {
    for (const entry of reader.series()) {
      for (const { segment, offset, minTime, maxTime } of entry.chunks) {
        const raw = reader.readRaw(entry, { segment, offset, minTime, maxTime });
        if (raw !== undefined) digest.add(entry.labels, { minTime, maxTime, ...raw });
      }
    }
  } finally {
    reader.close();
  }
  if (digest.finish() !== contentDigest) throw new Error('The new block holds other bytes than were written.');
}
