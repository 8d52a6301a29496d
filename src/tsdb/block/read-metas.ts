import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { damageOf } from '../files/unreadable.ts';
import { isBlockName, parseBlockMeta } from '../block-meta.ts';
import type { BlockDamage } from './block-reader.ts';

const maxMetaBytes = 16 << 20;

/** The blocks of a data directory by their meta.json; one that has none that can be read is told, and is none. */
export function readMetas(files: TsdbFiles, onDamage: (damage: BlockDamage) => void): readonly BlockMeta[] {
  const blocks: BlockMeta[] = [];
  for (const name of files.list('.').filter(isBlockName)) {
    const file = join(name, 'meta.json');
    try {
      blocks.push(files.findMeta?.(name) ?? readMeta(files, name));
    } catch (error) {
      const damage = damageOf(error);
      if (damage === undefined) throw error;
      onDamage({ file, offset: 0, damage, labels: null, fromMs: null, toMs: null });
    }
  }
  return blocks.sort((one, other) => one.minTime - other.minTime);
}

/** Throws Damage. */
export function readMeta(files: TsdbFiles, name: string): BlockMeta {
  const window = new FileWindow(files.open(join(name, 'meta.json')));
  try {
    if (window.sizeBytes > maxMetaBytes) throw new Damage('out-of-range', 'meta.json is too large', 0);
    const meta = parseBlockMeta(Buffer.from(window.read(0, window.sizeBytes)).toString('utf8'), name);
    if ('reason' in meta) throw new Damage('bad-structure', meta.reason, 0);
    return meta;
  } finally {
    window.close();
  }
}
