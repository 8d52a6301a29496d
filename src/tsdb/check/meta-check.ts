import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import { parseStoredMeta, type StoredMeta } from '../block-meta.ts';
import type { Tombstones } from '../block/tombstones.ts';
import { Damage } from '../damage.ts';
import type { CheckReport } from './check-report.ts';
import type { ChunkWalk } from './chunk-walk.ts';
import type { SeriesTotals } from './series-check.ts';

/** Throws Damage. */
export function parseMeta(text: string, ulid: string): StoredMeta {
  const meta = parseStoredMeta(text, ulid);
  if ('reason' in meta) throw new Damage('bad-structure', meta.reason, 0);
  return meta;
}

export interface MetaLook {
  readonly meta: StoredMeta;
  readonly totals: SeriesTotals;
  readonly chunks: ChunkWalk;
  readonly stones: Tombstones | undefined;
}

const usualRangeMs = 2 * 3_600_000;

/** What meta.json says against what the files hold. What is damaged has been told, and is not counted against it. */
export function compareMeta(report: CheckReport, { meta, totals, chunks, stones }: MetaLook): void {
  const { block } = meta;
  const file = join(block.ulid, 'meta.json');
  const differ = (what: string, said: number | undefined, found: number): void => {
    if (said === undefined || said === found) return;
    report.error('meta-mismatch', { file }, `${file} counts ${said} ${what}, and the block holds ${found}.`);
  };
  if (totals.isWhole) differ('series', block.series, totals.series);
  if (totals.isWhole && chunks.isWhole) {
    const { chunks: found, samples, histograms } = chunks.totals;
    differ('chunks', block.chunks, found);
    differ('samples', block.samples, samples);
    // Both are left out where they are 0, and by versions that do not count them.
    if (meta.floatSamples !== undefined || meta.histogramSamples !== undefined) {
      differ('float samples', meta.floatSamples ?? 0, samples - histograms);
      differ('histogram samples', meta.histogramSamples ?? 0, histograms);
    }
  }
  compareTimes(report, file, { block, totals });
  if (stones === undefined || meta.tombstones === undefined) return;
  const held = [...stones.values()].reduce((sum, intervals) => sum + intervals.length, 0);
  if (held === meta.tombstones) return;
  const message = `${file} counts ${meta.tombstones} tombstones, and the block holds ${held}.`;
  report.warning('meta-mismatch', { file }, message, 'Nothing is lost: what is deleted stands in the tombstones.');
}

/** Bounds are [minTime, maxTime); Prometheus asks a block for nothing out of them. */
function compareTimes(
  report: CheckReport,
  file: string,
  { block, totals }: { readonly block: BlockMeta; readonly totals: SeriesTotals },
): void {
  const { firstMs, lastMs } = totals;
  if (firstMs === null || lastMs === null) return;
  const place = { file, fromMs: firstMs, toMs: lastMs };
  if (firstMs < block.minTime || lastMs >= block.maxTime) {
    const message = `${file} says [${block.minTime}, ${block.maxTime}), and the block holds samples from ${firstMs} to ${lastMs}: queries do not find all of them.`;
    report.error('meta-mismatch', place, message);
    return;
  }
  const emptyMs = Math.max(firstMs - block.minTime, block.maxTime - lastMs);
  // A block is as long as its range, however little it holds; a range that is empty for the greater part is odd.
  if (emptyMs <= usualRangeMs || emptyMs * 2 <= block.maxTime - block.minTime) return;
  const message = `${file} says [${block.minTime}, ${block.maxTime}), and the block holds samples from ${firstMs} to ${lastMs} only.`;
  report.warning(
    'meta-mismatch',
    place,
    message,
    'Look whether other blocks say the same; retention goes by what meta.json says.',
  );
}
