import { join } from 'node:path';
import { FileWindow } from '../bytes/file-window.ts';
import { findNonZero } from '../bytes/zero-run.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { isUnwritten, listNumbered, readHeadChunkFile } from '../head/head-chunks.ts';
import { takeInventory } from '../inventory/take-inventory.ts';

/**
 * Files of chunks_head/ that must go before a Prometheus starts. From the first damaged one on, as it deletes them itself:
 * the samples in them are in the WAL too, and would not be replayed while a later chunk of the same series is there (head.go
 * loadMmappedChunks). Only where the first files hold nothing, and more is answered with those behind them, these stay. What is
 * behind zeros in a file it passes over, and so over samples that are in the WAL as well: then they go where nothing is lost by it.
 */
export function surveyHeadChunks(files: TsdbFiles, onRead: (bytes: number) => void): readonly string[] {
  const names = listNumbered(files, 'chunks_head');
  const faults = readFaults(files, names, onRead);
  const paths = names.map((name) => join('chunks_head', name));
  const going = listUnopened(files, { names, paths, faults }, onRead);
  const hidden = paths.findIndex((path) => faults.get(path) === 'hidden' && !going.includes(path));
  if (hidden === -1) return going;
  const more = paths.filter((path, at) => at >= hidden || going.includes(path));
  return countWithout(files, more, onRead) >= countWithout(files, going, onRead) ? more : going;
}

/** Where a file is damaged, or that it has something behind the zeros that end it. */
type Faults = ReadonlyMap<string, number | 'hidden'>;

function readFaults(files: TsdbFiles, names: readonly string[], onRead: (bytes: number) => void): Faults {
  const faults = new Map<string, number | 'hidden'>();
  for (const name of names) {
    const path = join('chunks_head', name);
    let file: FileWindow | undefined;
    try {
      file = new FileWindow(files.open(path), onRead);
      if (name === names.at(-1) && isUnwritten(file, Number(name))) continue;
      const end = readHeadChunkFile(file, () => undefined);
      if (findNonZero(file, end, file.sizeBytes) !== undefined) faults.set(path, 'hidden');
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      faults.set(path, error.offset);
    } finally {
      file?.close();
    }
  }
  return faults;
}

interface Surveyed {
  readonly names: readonly string[];
  readonly paths: readonly string[];
  readonly faults: Faults;
}

function listUnopened(
  files: TsdbFiles,
  { names, paths, faults }: Surveyed,
  onRead: (bytes: number) => void,
): readonly string[] {
  const isDamaged = (path: string): boolean => typeof faults.get(path) === 'number';
  const isGap = (at: number): boolean => at > 0 && Number(names[at]) !== Number(names[at - 1]) + 1;
  const findFault = (from: number): number =>
    paths.findIndex((path, at) => at >= from && (isDamaged(path) || (at > from && isGap(at))));
  const fault = findFault(0);
  if (fault === -1) return [];
  const behind = paths.slice(fault);
  const good = paths.findIndex((path) => faults.get(path) !== 0);
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
