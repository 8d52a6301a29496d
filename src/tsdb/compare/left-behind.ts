import { listReplaced } from '../block/hidden-blocks.ts';
import { onlyBlock } from '../block/only-block.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { countTsdb } from '../inventory/count-tsdb.ts';
import type { CountEvents } from '../inventory/walk-tsdb.ts';
import { compareSeries } from './compare-series.ts';

/** A block that Prometheus deletes when it loads its blocks, and what goes with it. */
export interface LeftBehind {
  readonly block: string;
  /** All that can be read of it, without what its tombstones delete. */
  readonly samples: number;
  /** Of these, how many are at times at which nothing that is counted holds a sample of their series. */
  readonly missing: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Replaced blocks that hold samples which are nowhere else in the directory. By comparison and not by what the blocks' meta
 * count: a compaction rightly makes fewer of them where it drops what tombstones delete, or makes one of two equal ones. It
 * also takes one of two values at the same time, so that a value that differs is no sample left behind.
 */
export function findLeftBehind(files: TsdbFiles, onRead: (bytes: number) => void): readonly LeftBehind[] {
  return listReplaced(files).flatMap(({ ulid, minTime, maxTime }) => {
    const before = onlyBlock(files, ulid);
    const { windows, totals } = countTsdb({ files: before, events: silent(onRead) });
    // How many series the other side has in them nobody knows yet; the tables grow.
    const asked = windows
      .filter(({ samples }) => samples > 0)
      .map(({ fromMs, series }) => ({ fromMs, series: 2 * series }));
    if (asked.length === 0) return [];
    const compared = compareSeries({ before, after: files, cutMs: Infinity, windows: asked, onRead });
    const missing = compared.windows.reduce((sum, window) => sum + window.missing, 0);
    if (missing === 0) return [];
    return [{ block: ulid, samples: totals.samples, missing, fromMs: minTime, toMs: maxTime }];
  });
}

function silent(onRead: (bytes: number) => void): CountEvents {
  const ignore = () => undefined;
  return { onBlockDamage: ignore, onHeadDamage: ignore, onConflict: ignore, onHole: ignore, onRead };
}
