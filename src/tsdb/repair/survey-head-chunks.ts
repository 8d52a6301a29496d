import { join } from 'node:path';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listNumbered, readHeadChunks } from '../head/head-chunks.ts';
import { takeInventory } from '../inventory/take-inventory.ts';

/**
 * Files of chunks_head/ that must go before a Prometheus starts. From the first damaged one on, as it deletes them itself:
 * the samples in them are in the WAL too, and would not be replayed while a later chunk of the same series is there (head.go
 * loadMmappedChunks). Only where the first files hold nothing, and more is answered with those behind them, these stay.
 */
export function surveyHeadChunks(files: TsdbFiles, onRead: (bytes: number) => void): readonly string[] {
  const names = listNumbered(files, 'chunks_head');
  const damaged = new Map<string, number>();
  const onDamage = (path: string, { offset }: { readonly offset: number }): void => void damaged.set(path, offset);
  readHeadChunks(files, { onChunk: () => undefined, onDamage, onRead });
  const paths = names.map((name) => join('chunks_head', name));
  const isGap = (at: number): boolean => at > 0 && Number(names[at]) !== Number(names[at - 1]) + 1;
  const findFault = (from: number): number =>
    paths.findIndex((path, at) => at >= from && (damaged.has(path) || (at > from && isGap(at))));
  const fault = findFault(0);
  if (fault === -1) return [];
  const behind = paths.slice(fault);
  const good = paths.findIndex((path) => damaged.get(path) !== 0);
  if (fault > 0 || good <= 0) return behind;
  const next = findFault(good);
  const hollow = [...paths.slice(0, good), ...(next === -1 ? [] : paths.slice(next))];
  return countWithout(files, hollow, onRead) >= countWithout(files, behind, onRead) ? hollow : behind;
}

function countWithout(files: TsdbFiles, left: readonly string[], onRead: (bytes: number) => void): number {
  const view: TsdbFiles = {
    ...files,
    list: (path) => files.list(path).filter((name) => !left.includes(join(path, name))),
  };
  return takeInventory({ files: view, settledMs: null, onRead }).totals.samples;
}
