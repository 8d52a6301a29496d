import { Damage } from '../damage.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { readIndexHeader } from './index-header.ts';
import { readChecked } from './symbols.ts';

/** Larger tables are not read whole for a few values. */
const largestTableBytes = 256 << 20;

/** Tells each value of some labels of a block, from the table of its postings (index.md). Throws Damage. */
export function readLabelValues(
  index: FileWindow,
  names: ReadonlySet<string>,
  onValue: (name: string, value: string) => void,
): void {
  const { toc } = readIndexHeader(index);
  const length = new ByteCursor(index.read(toc.postingsTable, 4)).be32();
  if (length > largestTableBytes)
    throw new Damage('out-of-range', 'the table of postings is too large', toc.postingsTable);
  const cursor = readChecked(index, toc.postingsTable, 'the table of postings');
  const count = cursor.be32();
  for (let entry = 0; entry < count; entry += 1) {
    if (cursor.uvarint() !== 2) {
      throw new Damage('bad-structure', 'an entry of the table of postings has not two keys', toc.postingsTable);
    }
    const name = cursor.uvarintBytes();
    const value = cursor.uvarintBytes();
    cursor.uvarint();
    const text = Buffer.from(name).toString('utf8');
    if (names.has(text)) onValue(text, Buffer.from(value).toString('utf8'));
  }
}
