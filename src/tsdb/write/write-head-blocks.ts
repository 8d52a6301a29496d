import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isInOrder, type BlockMeta } from '../../model/block.ts';
import type { TsdbFinding } from '../../model/tsdb-inventory.ts';
import { readMetas } from '../block/read-metas.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { Findings } from '../findings.ts';
import { headEvents } from '../head/head-events.ts';
import { HeadReader } from '../head/head-reader.ts';
import { visibleBlocks } from '../block/visible-blocks.ts';
import { windowMs } from '../inventory/window-table.ts';
import { BlockWriter, findLabelMistake, unfinishedSuffix } from './block-writer.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import type { ChunkToWrite } from './chunk-writer.ts';
import { HeadFindings } from './head-findings.ts';
import { HeadSpool } from './head-spool.ts';
import type { RunMerge } from './run-merge.ts';
import { SampleSums, verifyBlock } from './sample-sums.ts';
import { SeriesLabels } from './series-labels.ts';

export interface HeadBlocksOrder {
  /** A data directory that does not change. It is only read. */
  readonly files: TsdbFiles;
  /**
   * Exclusive end of what is in blocks of the same directory of the samples that came in order, which need not be written
   * again. Null for what its own blocks say (db.go inOrderBlocksMaxTime), as an inventory takes it.
   */
  readonly coveredToMs: number | null;
  /** Absolute: the directory that gets the blocks. */
  readonly into: string;
  /** The name of the block that ends then. */
  readonly newUlid: (atMs: number) => string;
  readonly onRead: (bytes: number) => void;
}

export interface HeadBlocks {
  /** By their times. The newest ends behind its last sample, since a Prometheus takes nothing older than a block's end. */
  readonly blocks: readonly BlockMeta[];
  /** What is in the blocks, stale markers among it. */
  readonly samples: number;
  /** Of these, the ones that came out of order. */
  readonly outOfOrderSamples: number;
  readonly findings: readonly TsdbFinding[];
}

/**
 * Turns the head of a data directory into blocks of two hours, one for each window: every sample that an inventory counts
 * of the head, each once, of WAL, head chunks and WBL. Memory does not grow with the number of samples: they are read once
 * and sorted on the disk of `into` by window, series and time (SampleSpool), and the blocks are written one after the
 * other from that, each read back before it gets its name. Of the series, strings and four bytes for each label stay in
 * memory. Where it throws, none of its blocks is left. Synchronous, for a thread of its own.
 */
export function writeHeadBlocks(order: HeadBlocksOrder): HeadBlocks {
  const collected = new Findings();
  const minValidMs = order.coveredToMs ?? endOfBlocks(order.files, collected);
  const labels = new SeriesLabels();
  const findings = new HeadFindings(collected, labels);
  const { spool, series } = readHead(order, { minValidMs, labels, collected, findings });
  try {
    const blocks = new WindowBlocks({ order, minValidMs, labels, series, findings });
    blocks.writeAll(spool.sorted());
    findings.end();
    const { samples, outOfOrderSamples } = blocks;
    return { blocks: blocks.written, samples, outOfOrderSamples, findings: collected.list() };
  } finally {
    spool.close();
  }
}

interface HeadReading {
  readonly minValidMs: number;
  readonly labels: SeriesLabels;
  readonly collected: Findings;
  readonly findings: HeadFindings;
}

/** What a reader knows of the series is gone when this returns. */
function readHead(
  { files, into, onRead }: HeadBlocksOrder,
  { minValidMs, labels, collected, findings }: HeadReading,
): { readonly spool: HeadSpool; readonly series: Uint32Array } {
  const head = new HeadReader({
    files,
    onSeries: (own) => labels.add(own),
    events: { ...headEvents(collected), onRead },
  });
  head.readSeries();
  const { ranks, series } = labels.order();
  const spool = new HeadSpool({ path: join(into, 'head.tmp-for-creation'), ranks, series, findings });
  try {
    head.readLate(() => spool.late);
    head.readInOrder(minValidMs, spool.inOrder);
    return { spool, series };
  } catch (error) {
    spool.close();
    throw error;
  }
}

function endOfBlocks(files: TsdbFiles, findings: Findings): number {
  const blocks = visibleBlocks(readMetas(files, (damage) => findings.addBlockDamage(damage)));
  return Math.max(-Infinity, ...blocks.filter(isInOrder).map(({ maxTime }) => maxTime));
}

interface WindowBlocksOptions {
  readonly order: HeadBlocksOrder;
  readonly minValidMs: number;
  readonly labels: SeriesLabels;
  /** The series at each rank. */
  readonly series: Uint32Array;
  readonly findings: HeadFindings;
}

/** Writes sorted samples as blocks. */
class WindowBlocks {
  readonly written: BlockMeta[] = [];
  samples = 0;
  outOfOrderSamples = 0;
  private readonly options: WindowBlocksOptions;
  private firstMs = Infinity;
  private lastMs = -Infinity;
  /** Of what was put into the block that is being written. */
  private sums = new SampleSums();

  constructor(options: WindowBlocksOptions) {
    this.options = options;
  }

  writeAll(sorted: RunMerge): void {
    try {
      while (sorted.current !== undefined) this.writeWindow(sorted, sorted.current.window);
    } catch (error) {
      for (const { ulid } of this.written)
        rmSync(join(this.options.order.into, ulid), { recursive: true, force: true });
      throw error;
    }
  }

  private writeWindow(sorted: RunMerge, window: number): void {
    const { into, newUlid } = this.options.order;
    const toMs = (window + 1) * windowMs;
    const ulid = newUlid(toMs);
    const writer = new BlockWriter({ directory: into, ulid });
    this.firstMs = Infinity;
    this.lastMs = -Infinity;
    this.sums = new SampleSums();
    try {
      while (sorted.current?.window === window) this.writeSeries(writer, sorted, sorted.current.rank);
      const isNewest = sorted.current === undefined;
      const minTime = this.beginOf(window * windowMs);
      const shape = { minTime, maxTime: isNewest ? this.lastMs + 1 : toMs, level: 1, sources: [ulid], hints: [] };
      // Every series of it may have been one that no block can hold.
      if (this.firstMs === Infinity) {
        writer.abandon();
        return;
      }
      const counts = writer.complete(shape);
      verifyBlock(into, `${ulid}${unfinishedSuffix}`, this.sums);
      writer.publish();
      this.written.push({ ulid, ...shape, ...counts, parents: [], deletable: false });
    } catch (error) {
      writer.abandon();
      throw error;
    }
  }

  /** Where a block ends within the window, as one that a snapshot has made, this one does not overlap it without need. */
  private beginOf(fromMs: number): number {
    const { minValidMs } = this.options;
    return minValidMs > fromMs && this.firstMs >= minValidMs ? minValidMs : fromMs;
  }

  private writeSeries(writer: BlockWriter, sorted: RunMerge, rank: number): void {
    const { labels, series, findings } = this.options;
    const own = labels.labelsOf(series[rank] as number);
    const mistake = findLabelMistake(undefined, own);
    this.sums.startSeries(own);
    if (mistake === undefined) writer.addSeries({ labels: own, chunks: this.chunksOf(sorted, rank) });
    else findings.addBadSeries(own, mistake, skipSeries(sorted, rank));
  }

  private *chunksOf(sorted: RunMerge, rank: number): Generator<ChunkToWrite, void> {
    const builder = new ChunkBuilder();
    const window = sorted.current?.window;
    for (let { current } = sorted; current?.rank === rank && current.window === window; { current } = sorted) {
      const { timeMs, isLate } = current;
      this.firstMs = Math.min(this.firstMs, timeMs);
      this.lastMs = Math.max(this.lastMs, timeMs);
      this.samples += 1;
      if (isLate) this.outOfOrderSamples += 1;
      const { sample } = current;
      this.sums.add(sample);
      const ended = builder.add(sample, isLate);
      if (ended !== undefined) yield ended;
      sorted.step();
    }
    const last = builder.finish();
    if (last !== undefined) yield last;
  }
}

/** Returns how many samples that were. */
function skipSeries(sorted: RunMerge, rank: number): number {
  const window = sorted.current?.window;
  let skipped = 0;
  while (sorted.current?.rank === rank && sorted.current.window === window) {
    skipped += 1;
    sorted.step();
  }
  return skipped;
}
