import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';

/** Of a consistent view, as of a directory that somebody writes to, and of the directory itself. */
export function inventoriesOf(data: string): readonly TsdbInventory[] {
  const held = holdFiles(data);
  try {
    return [held, quietFiles(data)].map((files) => takeInventory({ files, settledMs: null, onRead: () => undefined }));
  } finally {
    held.close();
  }
}
