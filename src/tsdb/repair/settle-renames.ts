import { basename } from 'node:path';
import { isBlockName } from '../block-meta.ts';
import { compareSeries } from '../compare/compare-series.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { WalMending } from '../head/wal-layout.ts';
import { takeInventory } from '../inventory/take-inventory.ts';

/**
 * Segments that the checkpoint covers get numbers behind it, but not where they tell a series once more that the checkpoint
 * holds: Prometheus would drop what it had replayed of that series. Nobody reads them now, so they go aside.
 */
export function settleRenames(files: TsdbFiles, mending: WalMending, onRead: (bytes: number) => void): WalMending {
  const { renames, aside, holes } = mending;
  const [first] = renames;
  if (first === undefined || !doesHide(files, renames, onRead)) return mending;
  const why =
    'tells series again that are in the checkpoint: behind it, Prometheus would drop what the checkpoint holds';
  return {
    ...mending,
    aside: [...aside, ...renames.map(({ from }) => ({ path: from, why }))],
    renames: [],
    holes: [...holes, first.to],
  };
}

function doesHide(files: TsdbFiles, renames: WalMending['renames'], onRead: (bytes: number) => void): boolean {
  const head = takeInventory({ files: withoutBlocks(files), settledMs: null, onRead });
  if (head.completeToMs === null) return false;
  const { windows } = compareSeries({
    before: files,
    after: renamed(files, renames),
    cutMs: head.completeToMs,
    windows: head.windows.map(({ fromMs, series }) => ({ fromMs, series: 2 * series })),
    onRead,
  });
  return windows.some(({ missing, changed }) => missing + changed > 0);
}

function withoutBlocks(files: TsdbFiles): TsdbFiles {
  return { ...files, list: (path) => files.list(path).filter((name) => path !== '.' || !isBlockName(name)) };
}

function renamed(files: TsdbFiles, renames: WalMending['renames']): TsdbFiles {
  const newNames = new Map(renames.map(({ from, to }) => [basename(from), basename(to)]));
  const oldPaths = new Map(renames.map(({ from, to }) => [to, from]));
  return {
    ...files,
    list: (path) => files.list(path).map((name) => (path === 'wal' ? (newNames.get(name) ?? name) : name)),
    open: (path) => files.open(oldPaths.get(path) ?? path),
  };
}
