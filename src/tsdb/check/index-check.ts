import { join } from 'node:path';
import type { FileWindow } from '../bytes/file-window.ts';
import { readIndexHeader, tocBytes, type IndexHeader } from '../block/index-header.ts';
import { Damage } from '../damage.ts';
import { openWindow, type CheckContext } from './check-context.ts';
import type { ChunkWalk } from './chunk-walk.ts';
import { layOut, requirePadding, type IndexLayout } from './index-layout.ts';
import { checkLabelIndices, LabelValues } from './label-indices-check.ts';
import { PairSums } from './pair-sums.ts';
import { checkPostings } from './postings-check.ts';
import { tellMismatches } from './postings-mismatch.ts';
import { SeriesCheck, type SeriesTotals } from './series-check.ts';
import { SeriesSection } from './series-section.ts';
import { checkSymbolTable, type CheckedSymbols } from './symbol-table.ts';

export interface IndexOptions {
  /** The block. */
  readonly directory: string;
  readonly chunks: ChunkWalk;
}

interface OpenIndex {
  readonly context: CheckContext;
  readonly path: string;
  readonly window: FileWindow;
  readonly header: IndexHeader;
  readonly layout: IndexLayout;
  readonly symbols: CheckedSymbols | undefined;
}

/**
 * Every section of a block's index, with the chunks that its series refer to. Undefined where it holds no series that can
 * be read. Throws Damage where it cannot be opened.
 */
export function checkIndex(context: CheckContext, { directory, chunks }: IndexOptions): SeriesTotals | undefined {
  const path = join(directory, 'index');
  const window = openWindow(context, path, 0);
  try {
    const header = readHeader(context, window);
    const layout = header === undefined ? undefined : layOut(header, window, context.report);
    if (header === undefined || layout === undefined) {
      // Without it nothing says what the chunks belong to; they are read all the same.
      chunks.expectOthers();
      chunks.finish();
      return undefined;
    }
    const symbols = readSymbolTable(context, window, header);
    return checkSections({ context, path, window, header, layout, symbols }, chunks);
  } finally {
    window.close();
  }
}

function readHeader({ report }: CheckContext, window: FileWindow): IndexHeader | undefined {
  try {
    const header = readIndexHeader(window);
    if (header.version === 3) {
      const message = `${window.path} says that it is of version 3, which Prometheus reads and none writes: a changed bit.`;
      report.error('bad-version', { file: window.path, offset: 4 }, message);
    }
    return header;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const offset = Math.min(error.offset, window.sizeBytes);
    const to = error.offset < tocBytes ? offset + 4 : window.sizeBytes;
    report.damage({ file: window.path, offset }, error, { window, to });
    return undefined;
  }
}

function readSymbolTable(
  { report }: CheckContext,
  window: FileWindow,
  header: IndexHeader,
): CheckedSymbols | undefined {
  const offset = header.toc.symbols;
  try {
    const symbols = checkSymbolTable(window, header);
    requirePadding({ window, report }, { from: symbols.end, to: header.toc.series, what: 'the symbol table' });
    return symbols;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    report.damage({ file: window.path, offset }, error, { window, to: header.toc.series });
    return undefined;
  }
}

function checkSections(index: OpenIndex, chunks: ChunkWalk): SeriesTotals {
  const { context, window, header, layout, symbols } = index;
  const { report } = context;
  const sums = new PairSums();
  const series = new SeriesCheck({ report, window, symbols, chunks, sums });
  const end = new SeriesSection(window, header).walk(series.events);
  requirePadding({ window, report }, { from: end, to: layout.seriesEnd, what: 'the series' });
  chunks.finish();
  checkLists(index, { sums, isWhole: series.totals().isWhole });
  return series.totals();
}

/** What the series are found by. */
function checkLists(index: OpenIndex, { sums, isWhole }: { readonly sums: PairSums; readonly isWhole: boolean }): void {
  const { context, path, window, header, layout, symbols } = index;
  const { report } = context;
  // The chunks are done, and so their buffer is free.
  const listWindow = openWindow(context, path, 1);
  try {
    const values = new LabelValues();
    const common = { path, report, header, window, listWindow };
    const { table, isWhole: areListsWhole } = checkPostings({
      ...common,
      sums,
      onValue: (name, value) => values.add(name, value),
      listsEnd: layout.postingsEnd,
      tableLimit: layout.end,
    });
    if (table !== undefined) {
      requirePadding({ window, report }, { from: table.end, to: layout.end, what: 'the postings offset table' });
    }
    if (layout.hasLabelIndices) checkIndices(index, { listWindow, values, areListsWhole });
    if (table === undefined || symbols === undefined || !areListsWhole || !isWhole || sums.isEmpty()) return;
    tellMismatches({
      ...common,
      table,
      symbols,
      sums,
      walkSeries: (onSeries) => void new SeriesSection(window, header).walk({ onSeries, onDamage: () => undefined }),
    });
  } finally {
    listWindow.close();
  }
}

interface LabelLook {
  readonly listWindow: FileWindow;
  readonly values: LabelValues;
  readonly areListsWhole: boolean;
}

function checkIndices(index: OpenIndex, { listWindow, values, areListsWhole }: LabelLook): void {
  const { context, path, window, header, layout, symbols } = index;
  const { report } = context;
  const options = {
    ...{ path, report, header, window, listWindow },
    symbols: areListsWhole ? symbols : undefined,
    indicesEnd: layout.labelIndicesEnd,
    tableLimit: layout.labelTableEnd,
  };
  const end = checkLabelIndices(options, values);
  if (end === undefined) return;
  requirePadding({ window, report }, { from: end, to: layout.labelTableEnd, what: 'the label offset table' });
}
