import type { BlockMeta } from '../../model/block.ts';
import { join } from 'node:path';
import type { CheckReport } from './check-report.ts';

/** How blocks lie to one another: those that overlap, and those whose content is in another one already. */
export function checkBlockSet(blocks: readonly BlockMeta[], report: CheckReport): void {
  const replaced = new Set(blocks.flatMap(({ parents }) => parents));
  const place = ({ ulid, minTime, maxTime }: BlockMeta) => ({ file: ulid, fromMs: minTime, toMs: maxTime });
  for (const block of blocks) {
    if (!block.deletable && !replaced.has(block.ulid)) continue;
    const message = `Block ${block.ulid} was compacted into another one and waits to be deleted.`;
    report.info('replaced-block', place(block), message, 'Prometheus removes it when it loads its blocks.');
  }
  const visible = blocks.filter(({ ulid, deletable }) => !deletable && !replaced.has(ulid));
  let furthest: BlockMeta | undefined;
  for (const block of [...visible].sort((one, other) => one.minTime - other.minTime)) {
    if (furthest !== undefined && block.minTime < furthest.maxTime) {
      const toMs = Math.min(block.maxTime, furthest.maxTime);
      const message = `Block ${block.ulid} overlaps ${furthest.ulid} in time; Prometheus reads both and merges them.`;
      report.info('overlapping-blocks', { file: join(block.ulid, 'meta.json'), fromMs: block.minTime, toMs }, message);
    }
    if (furthest === undefined || block.maxTime > furthest.maxTime) furthest = block;
  }
}
