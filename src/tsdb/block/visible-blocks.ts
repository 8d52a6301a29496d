import type { BlockMeta } from '../../model/block.ts';

type Descent = Pick<BlockMeta, 'ulid' | 'parents' | 'deletable'>;

/** Not those that a compaction has replaced and that only wait to be deleted (db.go deletableBlocks). */
export function visibleBlocks<T extends Descent>(blocks: readonly T[]): readonly T[] {
  const replaced = new Set(blocks.flatMap((block) => block.parents));
  return blocks.filter((block) => !replaced.has(block.ulid) && !block.deletable);
}

/** Blocks in the order of their times, those together that overlap, also through a third one. */
export function groupByOverlap<T extends Pick<BlockMeta, 'minTime' | 'maxTime'>>(blocks: readonly T[]): readonly T[][] {
  const groups: T[][] = [];
  let endMs = -Infinity;
  for (const block of [...blocks].sort((one, other) => one.minTime - other.minTime)) {
    if (block.minTime < endMs) groups.at(-1)?.push(block);
    else groups.push([block]);
    endMs = Math.max(endMs, block.maxTime);
  }
  return groups;
}
