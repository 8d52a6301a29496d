import { FileWindow } from '../bytes/file-window.ts';
import { checksumOf, readBe32 } from '../bytes/pieces.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { readIndexHeader, tocBytes } from './index-header.ts';
import { findOffsetTable, readOffsetTable } from './offset-table.ts';

/**
 * The table of postings and every list that it names: Prometheus does not start on a block with a damaged table, and fails
 * queries over a damaged list. Our reader needs neither. Told is the first damage; that of the header is told by whoever
 * reads the series. Memory does not grow with the index.
 */
export function checkPostings(
  files: TsdbFiles,
  index: string,
  { onDamage, onRead }: { readonly onDamage: (damage: Damage) => void; readonly onRead?: (bytes: number) => void },
): void {
  const windows: FileWindow[] = [];
  const open = () => {
    const window = new FileWindow(files.open(index), onRead);
    windows.push(window);
    return window;
  };
  try {
    const [table, lists] = [open(), open()];
    const offset = findTable(table);
    if (offset === undefined) return;
    const found = findOffsetTable(table, offset, table.sizeBytes - tocBytes);
    readOffsetTable(table, found, { keyCount: 2, onEntry: ({ target }) => checkList(lists, target) });
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    onDamage(error);
  } finally {
    for (const window of windows) window.close();
  }
}

function findTable(window: FileWindow): number | undefined {
  try {
    return readIndexHeader(window).toc.postingsTable;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return undefined;
  }
}

function checkList(window: FileWindow, offset: number): void {
  const length = readBe32(window, offset);
  window.requireWithin(offset + 4, length + 4);
  const end = offset + 4 + length;
  if (checksumOf(window, offset + 4, end) !== readBe32(window, end)) {
    throw new Damage('bad-checksum', 'postings have a wrong checksum', offset);
  }
  if (length !== 4 + 4 * readBe32(window, offset + 4)) {
    throw new Damage('bad-structure', 'postings count other series than they hold', offset);
  }
}
