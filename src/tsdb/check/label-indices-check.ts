import type { FileWindow } from '../bytes/file-window.ts';
import type { IndexHeader } from '../block/index-header.ts';
import { Damage } from '../damage.ts';
import type { CheckReport } from './check-report.ts';
import { findOffsetTable, readOffsetTable, type OffsetTable } from '../block/offset-table.ts';
import { pairOf, PairSums } from './pair-sums.ts';
import { hashOfKey } from './text-hash.ts';
import { readBe32 } from '../bytes/pieces.ts';
import { eachNumber, SectionRun } from './section-run.ts';
import type { CheckedSymbols } from './symbol-table.ts';

export interface LabelIndicesOptions {
  readonly path: string;
  readonly report: CheckReport;
  readonly header: IndexHeader;
  readonly window: FileWindow;
  readonly listWindow: FileWindow;
  readonly symbols: CheckedSymbols | undefined;
  readonly indicesEnd: number;
  readonly tableLimit: number;
}

/** The values of each label, as the postings table and the label indices hold them. */
export class LabelValues {
  private readonly sums = new PairSums();

  add(nameHash: number, valueHash: number): void {
    this.sums.add(pairOf(nameHash, 0), valueHash);
  }

  remove(nameHash: number, valueHash: number): void {
    this.sums.remove(pairOf(nameHash, 0), valueHash);
  }

  agrees(): boolean {
    return this.sums.isEmpty();
  }
}

/**
 * The label indices, which versions of Prometheus before 3 write and none reads any more. Returns the end of their table;
 * undefined where it is damaged.
 */
export function checkLabelIndices(options: LabelIndicesOptions, values: LabelValues): number | undefined {
  const { report } = options;
  const before = report.remedy;
  report.remedy = harmless;
  try {
    return readIndices(options, values);
  } finally {
    report.remedy = before;
  }
}

/** No sample hangs on them, and putting a block back for their sake would risk more than they are worth. */
const harmless =
  'Leave the block as it is: no current Prometheus reads label indices, every label is found without them, and the next compaction writes the index anew.';

function readIndices(options: LabelIndicesOptions, values: LabelValues): number | undefined {
  const { path, report, header, window, listWindow, symbols, indicesEnd, tableLimit } = options;
  const { labelIndices, labelIndicesTable } = header.toc;
  const range = { from: labelIndices, to: indicesEnd };
  const run = new SectionRun({ window: listWindow, path, report, ...range, what: 'a label index' });
  let table: OffsetTable | undefined;
  try {
    table = findOffsetTable(window, labelIndicesTable, tableLimit);
    readOffsetTable(window, table, {
      keyCount: 1,
      onEntry: (entry) => {
        const nameHash = hashOfKey(entry, 0);
        run.take(entry.target, (from, to) => {
          readValues(listWindow, [from, to], (reference) => {
            if (symbols !== undefined) values.remove(nameHash, symbols.hashOf(reference));
          });
        });
      },
    });
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    report.damage({ file: path, offset: labelIndicesTable }, error, { window, to: tableLimit });
    run.takeAll();
    return table?.end;
  }
  run.finish();
  if (run.isWhole && symbols !== undefined && !values.agrees()) {
    const message = `${path} at byte ${labelIndices}: the label indices hold other values than the postings.`;
    report.error('bad-structure', { file: path, offset: labelIndices }, message);
  }
  return table.end;
}

/** One name's values: sorted symbols. */
function readValues(
  window: FileWindow,
  [from, to]: readonly [from: number, to: number],
  onValue: (reference: number) => void,
): void {
  const [names, entries] = [readBe32(window, from), readBe32(window, from + 4)];
  if (names !== 1 || to - from !== 8 + 4 * entries) {
    throw new Damage('bad-structure', `a label index counts ${entries} values in ${to - from} bytes`, from);
  }
  let before = -1;
  eachNumber(window, [from + 8, to], (reference) => {
    if (reference <= before) throw new Damage('bad-structure', 'a label index is not sorted', from);
    before = reference;
    onValue(reference);
  });
}
