import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { StoredMeta } from '../block-meta.ts';
import { readTombstones, type Tombstones } from '../block/tombstones.ts';
import { Damage } from '../damage.ts';
import { openWindow, type CheckContext } from './check-context.ts';
import { restoreRemedy } from './check-report.ts';
import { checkInOrder, type PlaceChunkFiles } from './chunk-order.ts';
import { ChunkWalk } from './chunk-walk.ts';
import { checkIndex } from './index-check.ts';
import { compareMeta, parseMeta } from './meta-check.ts';
import type { SeriesTotals } from './series-check.ts';

/** Everything in a block's directory. Its meta where that can be read. */
export function checkBlock(context: CheckContext, ulid: string): BlockMeta | undefined {
  return checkInOrder(context, ulid, (report, place) => checkParts({ ...context, report }, ulid, place));
}

function checkParts(context: CheckContext, ulid: string, place: PlaceChunkFiles): BlockMeta | undefined {
  const { report } = context;
  report.remedy = restoreRemedy(`block ${ulid}`);
  const meta = readMeta(context, ulid);
  const chunks = new ChunkWalk(context, join(ulid, 'chunks'), place);
  let totals: SeriesTotals | undefined;
  report.guard(join(ulid, 'index'), () => {
    totals = openIndex(context, ulid, chunks);
  });
  const stones = readStones(context, ulid);
  if (totals !== undefined && stones !== undefined) checkStones(context, { ulid, stones, totals });
  if (meta !== undefined && totals !== undefined) compareMeta(report, { meta, totals, chunks, stones });
  return meta?.block;
}

/** A block that a live Prometheus has just deleted is no damage. */
function openIndex(context: CheckContext, ulid: string, chunks: ChunkWalk): SeriesTotals | undefined {
  try {
    return checkIndex(context, { directory: ulid, chunks });
  } catch (error) {
    const isGone = error instanceof Damage && error.rule === 'missing' && !context.isThere(ulid);
    if (isGone) return undefined;
    if (error instanceof Damage && error.rule === 'missing') {
      chunks.expectOthers();
      chunks.finish();
    }
    throw error;
  }
}

const mostMetaBytes = 16 << 20;

function readMeta(context: CheckContext, ulid: string): StoredMeta | undefined {
  const file = join(ulid, 'meta.json');
  let meta: StoredMeta | undefined;
  context.report.guard(file, () => {
    let window;
    try {
      window = openWindow(context, file, 0);
    } catch (error) {
      if (error instanceof Damage && error.rule === 'missing' && !context.isThere(ulid)) return;
      throw error;
    }
    try {
      if (window.sizeBytes > mostMetaBytes) throw new Damage('out-of-range', 'meta.json is too large', 0);
      const bytes = window.read(0, window.sizeBytes);
      if (bytes.length > 0 && bytes.every((byte) => byte === 0)) {
        const damage = new Damage('bad-structure', 'meta.json is not JSON', 0);
        context.report.damage({ file, offset: 0 }, damage, { window, to: window.sizeBytes });
        return;
      }
      meta = parseMeta(Buffer.from(bytes).toString('utf8'), ulid);
    } finally {
      window.close();
    }
  });
  return meta;
}

function readStones({ files, report }: CheckContext, ulid: string): Tombstones | undefined {
  const file = join(ulid, 'tombstones');
  let stones: Tombstones | undefined;
  report.guard(file, () => {
    stones = readTombstones(files, file);
  });
  return stones;
}

interface StonesLook {
  readonly ulid: string;
  readonly stones: Tombstones;
  readonly totals: SeriesTotals;
}

/** Tombstones name series of the same block. */
function checkStones({ report }: CheckContext, { ulid, stones, totals }: StonesLook): void {
  if (stones.size === 0 || !totals.isWhole) return;
  const known = new Set(totals.references);
  const strangers = [...stones.keys()].filter((reference) => !known.has(reference));
  const file = join(ulid, 'tombstones');
  if (strangers.length > 0) {
    const message = `${file} deletes ranges of ${strangers.length} series that the index does not hold.`;
    report.error('bad-structure', { file }, message);
  }
  const reversed = [...stones.values()].flat().filter(([fromMs, toMs]) => fromMs > toMs);
  if (reversed.length > 0) {
    report.error('bad-structure', { file }, `${file} holds ${reversed.length} ranges that end before they begin.`);
  }
}
