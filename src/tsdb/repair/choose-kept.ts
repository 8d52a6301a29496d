import { isInOrder, type BlockMeta } from '../../model/block.ts';
import type { BlockCounts } from '../../model/tsdb-repair.ts';
import { isBlockName } from '../block-meta.ts';
import { visibleBlocks } from '../block/visible-blocks.ts';
import { compareSeries } from '../compare/compare-series.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { takeInventory } from '../inventory/take-inventory.ts';
import { windowStart } from '../inventory/window-grid.ts';
import type { SurveyedBlock } from './survey-block.ts';

export interface ChooseKeptOptions {
  readonly files: TsdbFiles;
  /** Blocks that can be read and stay, damaged or not. */
  readonly metas: readonly BlockMeta[];
  /** Damaged ones of which something can be kept. */
  readonly blocks: readonly SurveyedBlock[];
  readonly onRead: (bytes: number) => void;
}

/**
 * Damaged blocks in whose place nothing is written, since the head holds more than what is kept of them and would not be
 * replayed beside it; and what of them the head holds. One after the other, each only where nothing that Prometheus would
 * answer is lost: so all of them together lose nothing either.
 */
export function chooseHeldByHead(options: ChooseKeptOptions): ReadonlyMap<string, BlockCounts> {
  const { blocks, files, onRead } = options;
  const held = new Map<string, BlockCounts>();
  const byAge = [...blocks].sort((one, other) => other.shape.maxTime - one.shape.maxTime);
  let head: readonly HeadWindow[] | undefined;
  const present = new Map(visibleBlocks(options.metas).map((meta) => [meta.ulid, meta]));
  for (const block of byAge) {
    present.delete(block.ulid);
    const others = [...present.values()];
    const itself = metaOf(block);
    const hidesFromMs = endOf(others);
    if (!isInOrder(itself) || itself.maxTime <= hidesFromMs) {
      present.set(block.ulid, itself);
      continue;
    }
    head ??= takeInventory({ files: viewOf(files, []), settledMs: null, onRead }).windows;
    const hidden = head.filter(({ fromMs, toMs }) => toMs > hidesFromMs && fromMs < itself.maxTime);
    const change = hidden.length === 0 ? nothing : compare(hidden, { ...options, others, itself });
    if (change.hidden > 0 && mayGo(block, change.own)) {
      const { series, chunks, samples } = block.found;
      held.set(block.ulid, { series, chunks, samples: Math.max(0, samples - change.own) });
    } else present.set(block.ulid, itself);
  }
  return held;
}

const nothing = { hidden: 0, own: 0 };

/**
 * One that nobody saw takes nothing away with it. Of another the head must hold everything, and nothing may have been deleted
 * of it: the WAL knows nothing of that.
 */
function mayGo({ times, hasStones, undeletes }: SurveyedBlock, own: number): boolean {
  return times === null || (own === 0 && !hasStones && !undeletes);
}

/** Exclusive; of the WAL, Prometheus replays what is behind it (db.go inOrderBlocksMaxTime). */
function endOf(blocks: readonly BlockMeta[]): number {
  return Math.max(-Infinity, ...blocks.filter(isInOrder).map(({ maxTime }) => maxTime));
}

/** As what is written in its place will say of itself. */
function metaOf({ ulid, shape, found }: SurveyedBlock): BlockMeta {
  const { series, chunks, samples } = found;
  return { ...shape, ulid, series, chunks, samples, parents: [], deletable: false };
}

type HeadWindow = Readonly<Record<'fromMs' | 'toMs' | 'series', number>>;

interface Choice {
  readonly others: readonly BlockMeta[];
  readonly itself: BlockMeta;
}

/** How many samples are answered only without the block, and how many only with it. */
function compare(hidden: readonly HeadWindow[], { files, others, itself, onRead }: ChooseKeptOptions & Choice) {
  const series = new Map(hidden.map((window) => [window.fromMs, window.series]));
  for (let at = windowStart(itself.minTime); at < itself.maxTime; at = windowStart(at + windowMs)) {
    series.set(at, (series.get(at) ?? 0) + itself.series);
  }
  const { windows } = compareSeries({
    before: viewOf(files, others),
    after: viewOf(files, [...others, itself]),
    cutMs: itself.maxTime - 1,
    windows: [...series]
      .sort(([one], [other]) => one - other)
      .map(([fromMs, count]) => ({ fromMs, series: 2 * count })),
    onRead,
  });
  const sum = (of: (window: (typeof windows)[number]) => number): number =>
    windows.reduce((total, window) => total + of(window), 0);
  return {
    hidden: sum(({ missing, changed }) => missing + changed),
    own: sum(({ added, changed }) => added + changed),
  };
}

const windowMs = 2 * 3_600_000;

/** The head, and no blocks but these, as they are said to be. */
function viewOf(files: TsdbFiles, metas: readonly BlockMeta[]): TsdbFiles {
  const named = new Map(metas.map((meta) => [meta.ulid, meta]));
  return {
    ...files,
    list: (path) => files.list(path).filter((name) => path !== '.' || !isBlockName(name) || named.has(name)),
    findMeta: (block) => named.get(block),
  };
}
