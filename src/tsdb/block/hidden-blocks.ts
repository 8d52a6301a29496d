import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import { Damage } from '../damage.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { onlyBlock } from './only-block.ts';
import { readMeta, readMetas } from './read-metas.ts';
import { visibleBlocks } from './visible-blocks.ts';

/** Those that Prometheus deletes when it loads its blocks: of them nothing is counted. */
export function listReplaced(files: TsdbFiles): readonly BlockMeta[] {
  const blocks = readMetas(files, () => undefined);
  const visible = new Set(visibleBlocks(blocks));
  return blocks.filter((block) => !visible.has(block));
}

/**
 * The directories of whole blocks that an inventory does not count: those that a compaction has replaced, and those with the
 * name of a thing half made or half deleted. Nobody writes to the data directory.
 */
export function listHiddenBlocks(directory: string): readonly string[] {
  const files = quietFiles(directory);
  const unfinished = files.list('.').filter((name) => isUnfinishedBlock(name) && isWhole(files, name));
  return [...listReplaced(files).map(({ ulid }) => ulid), ...unfinished];
}

const unfinishedBlock = /^[0-7][0-9A-HJKMNP-TV-Z]{25}\.tmp(?:-for-creation|-for-deletion)?$/;

/** True for a name whose directory Prometheus deletes at its start, whatever is in it (db.go isTmpDir). */
export function isUnfinishedBlock(name: string): boolean {
  return unfinishedBlock.test(name);
}

/** One without its meta.json was never finished, or is gone in part. Whoever reads what may not be looked at says so. */
function isWhole(files: TsdbFiles, name: string): boolean {
  const alone = onlyBlock(files, name);
  const [ulid = ''] = alone.list('.');
  try {
    readMeta(alone, ulid);
    alone.open(join(ulid, 'index')).release();
    return alone.list(join(ulid, 'chunks')).some((file) => /^\d+$/.test(file));
  } catch (error) {
    return !(error instanceof Damage);
  }
}
