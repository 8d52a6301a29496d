import type { FileWindow } from '../bytes/file-window.ts';
import type { CheckReport } from './check-report.ts';
import { readOffsetTable, textOfKey, type OffsetTable, type TableEntry } from '../block/offset-table.ts';
import { highHash, lowHash, pairOf, type PairSums } from './pair-sums.ts';
import { hashOfKey } from './text-hash.ts';
import { readBe32 } from '../bytes/pieces.ts';
import { readList } from './postings-check.ts';
import type { RawSeries } from './series-section.ts';
import type { CheckedSymbols } from './symbol-table.ts';

export interface MismatchOptions {
  readonly path: string;
  readonly report: CheckReport;
  readonly window: FileWindow;
  readonly listWindow: FileWindow;
  readonly table: OffsetTable;
  readonly symbols: CheckedSymbols;
  /** Not empty. */
  readonly sums: PairSums;
  readonly walkSeries: (onSeries: (series: RawSeries) => void) => void;
}

/** As many pairs as are looked at one by one. */
const mostPairs = 10_000;

interface Tally {
  count: number;
  low: number;
  high: number;
}

/** Says which label pairs have another postings list than the series that have them: a second look at few of them. */
export function tellMismatches(options: MismatchOptions): void {
  const expected = countSeries(options);
  const { report, path, window, listWindow, table, sums } = options;
  readOffsetTable(window, table, {
    keyCount: 2,
    onEntry: (entry) => {
      const { target } = entry;
      const pair = pairOf(hashOfKey(entry, 0), hashOfKey(entry, 1));
      if (sums.agrees(pair)) return;
      const listed = newTally();
      const length = readBe32(listWindow, target);
      readList(listWindow, [target + 4, target + 4 + length], (reference) => count(listed, pair, reference));
      const wanted = expected.get(pair) ?? newTally();
      expected.delete(pair);
      if (isSame(wanted, listed)) return;
      const name = nameOf(entry);
      const message = `${path} at byte ${target}: the postings list of ${name} holds ${listed.count} series, and not the ${wanted.count} that have that label.`;
      report.error('postings-mismatch', { file: path, offset: target }, message);
    },
  });
  if (expected.size === 0) return;
  const message = `${path}: ${expected.size} label pairs of series have no postings list, so that no query finds them.`;
  report.error('postings-mismatch', { file: path }, message);
}

function countSeries({ walkSeries, symbols, sums }: MismatchOptions): Map<number, Tally> {
  const found = new Map<number, Tally>();
  walkSeries(({ labels, reference }) => {
    const add = (pair: number): void => {
      if (sums.agrees(pair)) return;
      const tally = found.get(pair) ?? newTally();
      if (found.size < mostPairs) found.set(pair, tally);
      count(tally, pair, reference);
    };
    add(allSeries);
    for (let index = 0; index < labels.length; index += 2) {
      const [name, value] = [labels[index] as number, labels[index + 1] as number];
      add(pairOf(symbols.hashOf(name), symbols.hashOf(value)));
    }
  });
  return found;
}

/** The list of all series stands under the empty name and value, whose hashes are 0. */
export const allSeries = pairOf(0, 0);

function count(tally: Tally, pair: number, reference: number): void {
  tally.count += 1;
  tally.low = (tally.low + lowHash(pair, reference)) | 0;
  tally.high = (tally.high + highHash(pair, reference)) | 0;
}

function newTally(): Tally {
  return { count: 0, low: 0, high: 0 };
}

function isSame(one: Tally, other: Tally): boolean {
  return one.count === other.count && one.low === other.low && one.high === other.high;
}

function nameOf(entry: TableEntry): string {
  const [name, value] = [textOfKey(entry, 0), textOfKey(entry, 1)];
  return name === '' && value === '' ? 'all series' : `${name}=${JSON.stringify(value)}`;
}
