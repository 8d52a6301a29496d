import type { TsdbInventory } from '../../model/tsdb-inventory.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listSharedWindows } from './block-units.ts';
import { HeadTally } from './head-tally.ts';
import { Tally, type TallyState } from './tally.ts';
import { TsdbWalk, type CountEvents } from './walk-tsdb.ts';
import { WindowGrid, windowStart } from './window-grid.ts';

export type { CountEvents } from './walk-tsdb.ts';

export interface CountTsdbOptions {
  /** A data directory that does not change: nobody writes there, or it is a consistent view. */
  readonly files: TsdbFiles;
  readonly events: CountEvents;
  /** Its window is counted up to it besides. */
  readonly cutMs?: number | null;
  /** How many late samples are kept at once; for tests. */
  readonly mostLate?: number;
}

export type TsdbCount = Omit<TsdbInventory, 'completeToMs' | 'findings'>;

/** Counts every sample that Prometheus would return, once (docs/format/digest.md). Synchronous: call it where it may block. */
export function countTsdb(options: CountTsdbOptions): TsdbCount {
  const counting = new TsdbCounting(options);
  counting.walk.countBlocks(counting.walk.blocks);
  counting.walk.countHead();
  return counting.finish();
}

/** The count while it is made: units of blocks and the head in any order, also those that other threads have counted. */
export class TsdbCounting {
  readonly walk: TsdbWalk;
  private readonly tally: Tally;

  constructor({ files, events, cutMs = null, mostLate }: CountTsdbOptions) {
    const tally = new Tally(new WindowGrid(cutMs));
    this.tally = tally;
    this.walk = new TsdbWalk({
      files,
      events,
      tally,
      headSums: (series) => new HeadTally(series, tally),
      onLate: (late) => tally.watch(late),
      ...(mostLate !== undefined && { mostLate }),
    });
    shareWindows(this.walk, tally);
  }

  /** What another thread has counted. */
  add(state: TallyState): void {
    this.tally.addState(state);
  }

  /** Called once everything else is counted. */
  finish(): TsdbCount {
    const { tally, walk } = this;
    const outOfOrderSamples = walk.countLate();
    const windows = tally.listWindows();
    const sumOf = (what: 'samples' | 'staleMarkers') => windows.reduce((sum, window) => sum + window[what], 0);
    return {
      totals: {
        series: tally.seriesCount,
        samples: sumOf('samples'),
        staleMarkers: sumOf('staleMarkers'),
        outOfOrderSamples,
      },
      windows,
      jobs: tally.listJobs(),
      cut: tally.findCut(),
      outOfOrder: tally.listOutOfOrder(),
      conflicts: { samples: walk.conflicts.samples, digest: walk.conflicts.digest },
      blocks: walk.blocks.map(({ ulid, minTime, maxTime }) => ({ ulid, fromMs: minTime, toMs: maxTime })),
    };
  }
}

/**
 * Windows that more than one source reaches into: groups of blocks that meet in one, and blocks and the head. Times of a meta
 * may say anything, so that no window is gone through that holds nothing.
 */
function shareWindows({ blocks, minValidMs }: TsdbWalk, tally: Tally): void {
  for (const fromMs of listSharedWindows(blocks)) tally.share(fromMs);
  const toMs = blocks.reduce((max, block) => Math.max(max, block.maxTime), -Infinity);
  tally.shareRange({ fromMs: minValidMs === -Infinity ? -Infinity : windowStart(minValidMs), toMs });
}
