import type { FileWindow } from '../bytes/file-window.ts';
import type { IndexHeader } from '../block/index-header.ts';
import { Damage } from '../damage.ts';
import type { CheckReport } from './check-report.ts';
import { findOffsetTable, readOffsetTable, type OffsetTable, type TableEntry } from '../block/offset-table.ts';
import { pairOf, type PairSums } from './pair-sums.ts';
import { readBe32 } from '../bytes/pieces.ts';
import { eachNumber, SectionRun } from './section-run.ts';
import { compareText, hashOfKey, TextPlace } from './text-hash.ts';

export interface PostingsOptions {
  readonly path: string;
  readonly report: CheckReport;
  readonly header: IndexHeader;
  /** Reads the table. */
  readonly window: FileWindow;
  /** Reads the lists meanwhile. */
  readonly listWindow: FileWindow;
  /** What the series hold; what the lists hold is taken away. */
  readonly sums: PairSums;
  /** Told each value of each label. */
  readonly onValue: (nameHash: number, valueHash: number) => void;
  /** Exclusive ends of the sections. */
  readonly listsEnd: number;
  readonly tableLimit: number;
}

export interface PostingsResult {
  /** Undefined where it is damaged. */
  readonly table: OffsetTable | undefined;
  /** False where a list could not be read, so that nothing can be said of the sums. */
  readonly isWhole: boolean;
}

/** Every postings list, and the table that says which is which. */
export function checkPostings(options: PostingsOptions): PostingsResult {
  const { path, report, header, window, listWindow, sums, listsEnd } = options;
  const { toc } = header;
  const range = { from: toc.postings, to: listsEnd };
  const run = new SectionRun({ window: listWindow, path, report, ...range, what: 'a postings list' });
  let table: OffsetTable | undefined;
  const isRead = guardTable(options, () => {
    table = findOffsetTable(window, toc.postingsTable, options.tableLimit);
    const requireOrder = createOrder(header.version);
    readOffsetTable(window, table, {
      keyCount: 2,
      onEntry: (entry, at) => {
        requireOrder(entry, at);
        const [nameHash, valueHash] = [hashOfKey(entry, 0), hashOfKey(entry, 1)];
        if (nameHash !== 0 || valueHash !== 0) options.onValue(nameHash, valueHash);
        const pair = pairOf(nameHash, valueHash);
        run.take(entry.target, (from, to) => {
          readList(listWindow, [from, to], (reference) => sums.remove(pair, reference));
        });
      },
    });
  });
  if (table === undefined) run.takeAll();
  if (isRead || table === undefined) run.finish();
  return { table, isWhole: isRead && run.isWhole };
}

/** Tells the series of one list. Throws Damage where it is not sorted. */
export function readList(
  window: FileWindow,
  [from, to]: readonly [from: number, to: number],
  onReference: (reference: number) => void,
): void {
  const count = readBe32(window, from);
  if (to - from !== 4 + 4 * count) {
    throw new Damage('bad-structure', `a postings list counts ${count} series in ${to - from} bytes`, from);
  }
  let before = -1;
  eachNumber(window, [from + 4, to], (reference) => {
    if (reference <= before) throw new Damage('bad-structure', 'a postings list is not sorted', from);
    before = reference;
    onReference(reference);
  });
}

function guardTable({ report, path, header, window, tableLimit }: PostingsOptions, action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    report.damage({ file: path, offset: header.toc.postingsTable }, error, { window, to: tableLimit });
    return false;
  }
}

/** Pairs are sorted, and each is there once; tables of version 1 had no order. */
function createOrder(version: number): (entry: TableEntry, at: number) => void {
  const names = new LastKey();
  const values = new LastKey();
  return ({ bytes, keys }, at) => {
    if (version === 1) return;
    const [nameFrom = 0, nameTo = 0, valueFrom = 0, valueTo = 0] = keys;
    const order = names.compare(bytes, nameFrom, nameTo) || values.compare(bytes, valueFrom, valueTo);
    if (order >= 0) throw new Damage('bad-structure', 'the postings offset table is not sorted', at);
    names.keep(bytes, nameFrom, nameTo);
    values.keep(bytes, valueFrom, valueTo);
  };
}

/** A key of the entry before, in memory of its own that is used again. */
class LastKey {
  private readonly last = new TextPlace(Buffer.alloc(256));
  private readonly next = new TextPlace(this.last.bytes);
  private isFirst = true;

  /** Negative where the one before is smaller, as the first one's is. */
  compare(bytes: Uint8Array, from: number, to: number): number {
    this.next.set(from, to, bytes);
    return this.isFirst ? -1 : compareText(this.last, this.next);
  }

  keep(bytes: Uint8Array, from: number, to: number): void {
    const { last } = this;
    this.isFirst = false;
    const own = to - from > last.bytes.length ? Buffer.alloc(2 * (to - from)) : last.bytes;
    for (let at = from; at < to; at += 1) own[at - from] = bytes[at] as number;
    last.set(0, to - from, own);
  }
}
