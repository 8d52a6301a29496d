import type { FileWindow } from '../bytes/file-window.ts';
import { indexHeaderBytes, tocBytes, type IndexHeader } from '../block/index-header.ts';
import { Damage } from '../damage.ts';
import type { CheckReport } from './check-report.ts';
import { findNonZero } from '../bytes/zero-run.ts';

/** Exclusive ends of the sections of an index: each ends where the next one begins, padding included. */
export interface IndexLayout {
  readonly seriesEnd: number;
  readonly labelIndicesEnd: number;
  readonly postingsEnd: number;
  readonly labelTableEnd: number;
  /** Of all sections: where the table of contents begins. */
  readonly end: number;
  /** False in the indices of Prometheus 3. */
  readonly hasLabelIndices: boolean;
}

/** The most that a writer pads a section with: an entry of series begins at a multiple of sixteen. */
const mostPadding = 15;

/** Requires the order in which Prometheus writes sections. Undefined where it is another. */
export function layOut({ toc }: IndexHeader, window: FileWindow, report: CheckReport): IndexLayout | undefined {
  const end = window.sizeBytes - tocBytes;
  const { symbols, series, postings, postingsTable } = toc;
  // Without label indices their places in the table of contents are 0, or those of what follows.
  const labelTable = toc.labelIndicesTable === 0 ? postingsTable : toc.labelIndicesTable;
  const labelIndices = toc.labelIndices === 0 ? postings : toc.labelIndices;
  const order = [indexHeaderBytes, symbols, series, labelIndices, postings, labelTable, postingsTable, end];
  const isSorted = order.every((offset, index) => index === 0 || offset >= (order[index - 1] as number));
  if (!isSorted || symbols !== indexHeaderBytes) {
    const message = `${window.path}: the table of contents names sections in an order that no Prometheus writes.`;
    report.error('bad-structure', { file: window.path, offset: end }, message);
    return undefined;
  }
  return {
    seriesEnd: labelIndices,
    labelIndicesEnd: postings,
    postingsEnd: labelTable,
    labelTableEnd: postingsTable,
    end,
    hasLabelIndices: labelTable < postingsTable,
  };
}

export interface Gap {
  readonly from: number;
  readonly to: number;
  /** What lies before it. */
  readonly what: string;
}

/** What lies between two sections is zero, and no more than it takes to align the next one. */
export function requirePadding(
  { window, report }: { readonly window: FileWindow; readonly report: CheckReport },
  { from, to, what }: Gap,
): void {
  const file = window.path;
  if (to < from) {
    report.error('bad-structure', { file, offset: to }, `${file} at byte ${to}: a section begins within ${what}.`);
    return;
  }
  const wrong = findNonZero(window, from, to);
  if (wrong !== undefined) {
    const damage = new Damage('bad-structure', `padding behind ${what} is not zero`, wrong);
    report.damage({ file, offset: wrong }, damage);
  } else if (to - from > mostPadding) {
    const damage = new Damage('bad-structure', `${to - from} bytes behind ${what} are no padding`, from);
    report.damage({ file, offset: from }, damage, { window, to });
  }
}
