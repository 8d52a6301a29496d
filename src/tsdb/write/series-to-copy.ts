import type { BlockDamage, BlockReader } from '../block/block-reader.ts';
import type { SeriesEntry } from '../block/series-reader.ts';
import { Damage } from '../damage.ts';
import { findLabelMistake } from './block-writer.ts';

/** The series of a block that can stand in an index, in its order. One that cannot is told. */
export function* seriesToCopy(
  reader: BlockReader,
  onDamage: (damage: BlockDamage) => void,
): Generator<SeriesEntry, void> {
  let last: readonly Uint8Array[] | undefined;
  for (const entry of reader.series()) {
    const mistake = findLabelMistake(last, entry.labels);
    if (mistake !== undefined) {
      onDamage(misplaced(entry, mistake, reader.directory));
      continue;
    }
    last = entry.labels;
    yield entry;
  }
}

function misplaced({ labels, offset }: SeriesEntry, mistake: string, directory: string): BlockDamage {
  const damage = new Damage('bad-structure', mistake, offset);
  return { file: `${directory}/index`, offset, damage, labels, fromMs: null, toMs: null };
}
