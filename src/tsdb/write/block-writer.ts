import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BlockCounts, BlockShape } from '../../model/tsdb-repair.ts';
import { compareLabels } from '../inventory/merge-blocks.ts';
import { ByteWriter } from './byte-writer.ts';
import { ChunkWriter, type ChunkToWrite } from './chunk-writer.ts';
import { writeIndex } from './index-writer.ts';
import { LabelTable } from './label-table.ts';
import { OutputFile } from './output-file.ts';
import { SeriesSpool } from './series-spool.ts';
import { syncDirectory } from './sync-directory.ts';
import { writeTombstones } from './write-tombstones.ts';

export interface BlockWriterOptions {
  /** The data directory, in which the block appears under its ULID once it is whole. */
  readonly directory: string;
  readonly ulid: string;
  /** Smaller than what Prometheus takes, for tests. */
  readonly segmentBytes?: number;
}

export interface SeriesToWrite {
  /** Name and value in turn, UTF-8, sorted by name. */
  readonly labels: readonly Uint8Array[];
  /** In the order of their times. Taken one by one, so that the bytes of one need not outlive it. */
  readonly chunks: Iterable<ChunkToWrite>;
  /** Both ends inclusive. */
  readonly deleted?: readonly (readonly [fromMs: number, toMs: number])[] | undefined;
}

export const unfinishedSuffix = '.tmp-for-creation';

/**
 * Writes one block: series in the order of their labels, each with its chunks. Chunks go to the disk as they come; of the
 * series only strings, references and postings stay in memory. Nothing has the name of a block until `publish`.
 */
export class BlockWriter {
  readonly unfinished: string;
  private readonly options: BlockWriterOptions;
  private readonly chunks: ChunkWriter;
  private readonly spool: SeriesSpool;
  private readonly labels = new LabelTable();
  private readonly deletions: { readonly series: number; readonly deleted: NonNullable<SeriesToWrite['deleted']> }[] =
    [];
  private readonly entry = new ByteWriter();
  private last: readonly Uint8Array[] | undefined;
  private readonly counts = { samples: 0, series: 0, chunks: 0 };

  /** What a killed writer left under the same name is removed first: it was never a block. */
  constructor(options: BlockWriterOptions) {
    this.options = options;
    this.unfinished = join(options.directory, `${options.ulid}${unfinishedSuffix}`);
    rmSync(this.unfinished, { recursive: true, force: true });
    mkdirSync(this.unfinished);
    this.chunks = new ChunkWriter(join(this.unfinished, 'chunks'), options.segmentBytes);
    this.spool = new SeriesSpool(join(this.unfinished, 'series.spool'));
  }

  /** A series without chunks is left out; Prometheus keeps none either. Throws where the order is not that of labels. */
  addSeries({ labels, chunks, deleted }: SeriesToWrite): void {
    const mistake = findLabelMistake(this.last, labels);
    if (mistake !== undefined) throw new Error(`A block cannot be written: ${mistake}.`);
    this.chunks.startSeries();
    const entry = this.entry.clear();
    let count = 0;
    let lastTime = -Infinity;
    let lastReference = 0;
    for (const chunk of chunks) {
      const { minTime, maxTime } = chunk;
      if (minTime <= lastTime || maxTime < minTime)
        throw new Error(`A chunk of ${minTime} to ${maxTime} follows ${lastTime}.`);
      const reference = this.chunks.write(chunk);
      if (count === 0)
        entry
          .varint(minTime)
          .uvarint(maxTime - minTime)
          .uvarint(reference);
      else
        entry
          .uvarint(minTime - lastTime)
          .uvarint(maxTime - minTime)
          .varint(reference - lastReference);
      lastTime = maxTime;
      lastReference = reference;
      count += 1;
      this.counts.samples += samplesIn(chunk);
    }
    if (count === 0) return;
    if (deleted !== undefined && deleted.length > 0) this.deletions.push({ series: this.counts.series, deleted });
    this.spool.add(this.labels.pairsOf(labels), new ByteWriter().uvarint(count).put(entry.written).written);
    this.counts.series += 1;
    this.counts.chunks += count;
    this.last = labels.map((bytes) => Uint8Array.from(bytes));
  }

  /** Everything is on the disk when this returns, in a directory that is not yet called a block. */
  complete(identity: BlockShape): BlockCounts {
    this.chunks.finish();
    const references = writeIndex(join(this.unfinished, 'index'), this.labels, this.spool.drain());
    writeTombstones(
      join(this.unfinished, 'tombstones'),
      this.deletions.map(({ series, deleted }) => ({ reference: references[series] as number, intervals: deleted })),
    );
    this.writeMeta(identity);
    syncDirectory(join(this.unfinished, 'chunks'));
    syncDirectory(this.unfinished);
    return this.counts;
  }

  /** Gives the whole block its name. Owner and group are those of the data directory, where we may set them. */
  publish(): void {
    const { directory, ulid } = this.options;
    giveTo(this.unfinished, directory);
    renameSync(this.unfinished, join(directory, ulid));
    syncDirectory(directory);
  }

  /** Removes what is half-made. */
  abandon(): void {
    this.chunks.close();
    this.spool.close();
    rmSync(this.unfinished, { recursive: true, force: true });
  }

  private writeMeta({ minTime, maxTime, level, sources, hints }: BlockShape): void {
    const { ulid } = this.options;
    const { samples, series, chunks } = this.counts;
    const meta = {
      ulid,
      minTime,
      maxTime,
      stats: { numSamples: samples, numSeries: series, numChunks: chunks, ...this.countStones() },
      compaction: {
        level,
        sources: sources.length === 0 ? [ulid] : sources,
        ...(hints.length === 0 ? {} : { hints: [...hints].sort() }),
      },
      version: 1,
    };
    const file = new OutputFile(join(this.unfinished, 'meta.json'));
    try {
      file.write(Buffer.from(JSON.stringify(meta, null, '\t')));
      file.sync();
    } finally {
      file.close();
    }
  }

  private countStones(): { readonly numTombstones?: number } {
    const count = this.deletions.reduce((sum, { deleted }) => sum + deleted.length, 0);
    return count === 0 ? {} : { numTombstones: count };
  }
}

/** Why a series cannot stand behind `last` in an index; undefined where it can. */
export function findLabelMistake(
  last: readonly Uint8Array[] | undefined,
  labels: readonly Uint8Array[],
): string | undefined {
  if (labels.length === 0 || labels.length % 2 !== 0) return 'a series has no labels';
  for (let index = 2; index < labels.length; index += 2) {
    if (Buffer.compare(labels[index - 2] as Uint8Array, labels[index] as Uint8Array) >= 0) {
      return 'the labels of a series are not sorted by name';
    }
  }
  return last !== undefined && compareLabels(last, labels) >= 0 ? 'series are not sorted by labels' : undefined;
}

/** Each encoding begins with the number of samples; those with start times keep the counter reset above it. */
export function samplesIn({ encoding, data }: ChunkToWrite): number {
  const count = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
  return encoding === 5 || encoding === 6 ? count & 0x3fff : count;
}

/** Who may read and write the data directory may do so with what is new in it; only root can give it away. */
function giveTo(path: string, like: string): void {
  const { uid, gid, mode } = lstatSync(like);
  const set = (at: string, isDirectory: boolean): void => {
    if (process.getuid?.() === 0) chownSync(at, uid, gid);
    chmodSync(at, isDirectory ? mode & 0o7777 : mode & 0o666);
    if (!isDirectory) return;
    for (const entry of readdirSync(at, { withFileTypes: true })) set(join(at, entry.name), entry.isDirectory());
  };
  set(path, true);
  syncDirectory(dirname(path));
}
