import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { readIndexHeader } from '../block/index-header.ts';
import { readChecked } from '../block/symbols.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/**
 * Checks the table of postings and every list that it names: Prometheus does not open a block with a damaged table, and
 * fails queries over a damaged list. Our reader needs neither, since a block that is written anew gets new ones.
 */
export function checkPostings(files: TsdbFiles, index: string, onDamage: (damage: Damage) => void): void {
  const file = new FileWindow(files.open(index));
  try {
    const { toc, version } = readIndexHeader(file);
    if (version === 3) return;
    const table = readChecked(file, toc.postingsTable, 'the table of postings');
    const count = table.be32();
    for (let entry = 0; entry < count; entry += 1) {
      if (table.uvarint() !== 2)
        throw new Damage('bad-structure', 'postings have no name and value', toc.postingsTable);
      table.uvarintBytes();
      table.uvarintBytes();
      checkList(file, table.uvarint());
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    onDamage(error);
  } finally {
    file.close();
  }
}

function checkList(file: FileWindow, offset: number): void {
  const length = new ByteCursor(file.read(offset, 4)).be32();
  const bytes = file.read(offset + 4, length + 4);
  if (crc32c(bytes, 0, length) !== new ByteCursor(bytes, length).be32()) {
    throw new Damage('bad-checksum', 'postings have a wrong checksum', offset);
  }
  const list = new ByteCursor(bytes, 0, length);
  if (4 * list.be32() !== list.left)
    throw new Damage('bad-structure', 'postings count other series than they hold', offset);
}
