import { isInOrder, type BlockMeta } from '../../model/block.ts';
import type { BlockDamage } from '../block/block-reader.ts';
import type { Damage } from '../damage.ts';
import { readMetas } from '../block/read-metas.ts';
import type { SeriesPart } from '../block/series-reader.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listNumbered } from '../head/head-chunks.ts';
import type { HeadEvents } from '../head/head-events.ts';
import type { HeadSeries } from '../head/head-series.ts';
import { listWal } from '../head/wal-directory.ts';
import { ConflictSums } from './conflict-sums.ts';
import { countBlocks } from './count-blocks.ts';
import { HeadCount } from './head-count.ts';
import type { HeadSums } from './head-tally.ts';
import { addLateOfBlock, reachesIntoHead } from './late-in-blocks.ts';
import { LateSamples, type Doubtful, type LateKey } from './late-samples.ts';
import { SampleSpan, type SampleTimes } from './sample-span.ts';
import type { Conflict } from './merge-blocks.ts';
import type { SeriesSeed } from './sample-digest.ts';
import type { SeriesSums, SeriesTally } from './tally.ts';
import { TimeRanges } from './time-ranges.ts';
import { WindowGrid, windowStart } from './window-grid.ts';
import { visibleBlocks } from '../block/visible-blocks.ts';

/** What is told while it is counted; everything is counted as far as it can be read. */
export interface CountEvents {
  readonly onBlockDamage: (damage: BlockDamage) => void;
  readonly onHeadDamage: (path: string, damage: Damage, isTorn: boolean) => void;
  readonly onConflict: (conflict: Conflict) => void;
  readonly onHole: (missing: string, unread: readonly string[]) => void;
  readonly onStrangers?: HeadEvents['onStrangers'];
  readonly onDropped?: HeadEvents['onDropped'];
  /** Of samples that came late, as many as fit into memory at once. */
  readonly onDoubtful?: (doubtful: Doubtful) => void;
  /** Of the same samples, the values that are not counted. */
  readonly onLateConflicts?: (conflicts: SampleTimes) => void;
  readonly onRead?: (bytes: number) => void;
}

export interface WalkTsdbOptions {
  /** A data directory that does not change: nobody writes there, or it is a consistent view. */
  readonly files: TsdbFiles;
  readonly events: CountEvents;
  readonly tally: SeriesTally;
  readonly headSums: (series: HeadSeries) => HeadSums;
  /** Where only a part is wanted: blocks and chunks that reach into none of these may be left out. */
  readonly ranges?: TimeRanges;
  /** Told what came late before anything else is, and again where not all of it fits into memory at once. */
  readonly onLate?: (late: LateSamples) => void;
  /** How many late samples are kept at once; for tests. */
  readonly mostLate?: number;
}

/** Tells every sample that Prometheus would return to `tally`, once (docs/format/digest.md). Synchronous. */
export function walkTsdb(options: WalkTsdbOptions): void {
  const walk = new TsdbWalk(options);
  walk.countBlocks(walk.blocks);
  walk.countHead();
  walk.countLate();
}

/**
 * The parts of a walk, in an order that whoever counts with several threads may choose: blocks and head in any, and then,
 * once all of them are counted, what came late.
 */
export class TsdbWalk {
  /** Those that no compaction has replaced. */
  readonly blocks: readonly BlockMeta[];
  /** Exclusive end of the newest block of in-order samples; the head begins there. */
  readonly minValidMs: number;
  /** Blocks of what came out of order count up to here; what they hold from here on is among the late ones. */
  readonly headFromMs: number;
  /** As many of those that came late as fit into memory. */
  readonly late: LateSamples;
  /** Values that are not counted, since another one of the series is at their time; whole once all is counted. */
  readonly conflicts = new ConflictSums();
  private readonly lateConflicts = new SampleSpan();
  private readonly options: WalkTsdbOptions;
  private readonly head: HeadCount;

  constructor(options: WalkTsdbOptions, lateFrom: LateKey | null = null) {
    const { files, events, mostLate } = options;
    this.options = options;
    this.late = new LateSamples({ from: lateFrom, ...(mostLate !== undefined && { most: mostLate }) });
    this.blocks = visibleBlocks(readMetas(files, events.onBlockDamage));
    this.minValidMs = this.blocks.reduce(
      (max, block) => (isInOrder(block) ? Math.max(max, block.maxTime) : max),
      -Infinity,
    );
    this.headFromMs = holdsHead(files) ? this.minValidMs : Infinity;
    this.head = this.openHead();
    this.head.readSeries();
    this.head.readLate();
    for (const block of this.blocks) {
      if (reachesIntoHead(block, this.headFromMs)) addLateOfBlock({ files, late: this.late }, block, this.headFromMs);
    }
    options.onLate?.(this.late);
  }

  /** Some of them, one after the other, or a part of one. */
  countBlocks(blocks: readonly BlockMeta[], part?: SeriesPart): void {
    this.readBlocks(blocks, this.options.ranges, part);
  }

  countHead(): void {
    this.readHead(this.options.ranges);
  }

  /** What is in no block and nowhere else in the head. Returns how many samples that are. */
  countLate(): number {
    const { mostLate, files, events, onLate } = this.options;
    this.tellLate(this.late);
    let count = this.late.count;
    for (let { next } = this.late; next !== null;) {
      // Blocks and head are read again where the next of them lie, and nothing is counted but these.
      const marking = new MarkingTally();
      const walk: TsdbWalk = new TsdbWalk(
        {
          files,
          events: silent(events),
          tally: marking,
          headSums: (series) => marking.headSums(series),
          onLate: (late) => marking.watch(late),
          ...(mostLate !== undefined && { mostLate }),
        },
        next,
      );
      walk.readForLate();
      onLate?.(walk.late);
      this.tellLate(walk.late);
      count += walk.late.count;
      ({ next } = walk.late);
    }
    if (this.lateConflicts.samples > 0) this.options.events.onLateConflicts?.(this.lateConflicts);
    return count;
  }

  private tellLate(late: LateSamples): void {
    late.tellTo(this.options.tally);
    for (const doubtful of late.listDoubtful()) this.options.events.onDoubtful?.(doubtful);
    this.lateConflicts.add(late.tellConflicts(this.conflicts));
  }

  private readForLate(): void {
    const ranges = new TimeRanges(this.late.listRanges());
    this.readBlocks(this.blocks, ranges);
    this.readHead(ranges);
  }

  private readBlocks(blocks: readonly BlockMeta[], ranges: TimeRanges | undefined, part?: SeriesPart): void {
    const { files, tally, events } = this.options;
    const overlaps = ({ minTime, maxTime }: Times) => ranges === undefined || ranges.overlap(minTime, maxTime);
    countBlocks(blocks.filter(overlaps), {
      files,
      tally,
      late: this.late,
      conflicts: this.conflicts,
      headFromMs: this.headFromMs,
      onConflict: events.onConflict,
      onDamage: events.onBlockDamage,
      ...(ranges !== undefined && { isWanted: overlaps }),
      ...(part !== undefined && { part }),
      ...(events.onRead && { onRead: events.onRead }),
    });
  }

  private readHead(ranges: TimeRanges | undefined): void {
    if (ranges === undefined || ranges.overlap(this.minValidMs, Infinity)) this.head.count();
  }

  private openHead(): HeadCount {
    const { files, events, headSums } = this.options;
    return new HeadCount({
      files,
      minValidMs: this.minValidMs,
      sumsOf: headSums,
      late: this.late,
      events: {
        onDamage: events.onHeadDamage,
        onHole: events.onHole,
        ...(events.onStrangers && { onStrangers: events.onStrangers }),
        ...(events.onDropped && { onDropped: events.onDropped }),
        ...(events.onRead && { onRead: events.onRead }),
      },
    });
  }
}

function holdsHead(files: TsdbFiles): boolean {
  return listWal(files, 'wal').files.length > 0 || listNumbered(files, 'chunks_head').length > 0;
}

/** Counts nothing, but notes which series have samples where some came late: these are there already. */
class MarkingTally implements SeriesTally {
  readonly grid = new WindowGrid();
  private late: LateSamples | undefined;

  watch(late: LateSamples): void {
    this.late = late;
  }

  addSeries(startMs: number, _: string, seed: SeriesSeed, { samples }: SeriesSums): void {
    if (samples > 0) this.late?.noteSeries(seed, startMs);
  }

  addOutOfOrder(): void {
    // It is told to the other tally.
  }

  headSums(series: HeadSeries): HeadSums {
    return {
      add: (index, timeMs) => this.late?.noteSeries(series.seedAt(index), windowStart(timeMs)),
      addStaleMarker: () => undefined,
      end: () => undefined,
    };
  }
}

/** What is read once more has been told before. */
function silent({ onRead }: CountEvents): CountEvents {
  const ignore = () => undefined;
  return {
    onBlockDamage: ignore,
    onHeadDamage: ignore,
    onConflict: ignore,
    onHole: ignore,
    ...(onRead !== undefined && { onRead }),
  };
}

interface Times {
  readonly minTime: number;
  readonly maxTime: number;
}
