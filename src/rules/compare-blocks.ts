import type { BlockOnDisk, TsdbListing } from '../model/block.ts';
import type { Finding } from '../model/finding.ts';
import type { Inventory } from '../model/inventory.ts';
import type { LostWindow } from '../model/proof.ts';
import { isOldestGone } from './condemned-blocks.ts';
import { condemnedAt, headBytesOf } from './retention.ts';

export interface BlockComparison {
  readonly lost: readonly LostWindow[];
  /** The blocks that are lost or expired: no older window inside them can be asked any more. */
  readonly gone: readonly BlockOnDisk[];
  /** Of these, those that the retention of before had condemned; all others are not. */
  readonly expired: readonly BlockOnDisk[];
  readonly counted: readonly BlockOnDisk[];
  readonly keptSamples: number;
  /** The most series that one kept block holds. */
  readonly keptSeries: number;
  readonly expiredSamples: number;
  readonly findings: readonly Finding[];
}

/**
 * Follows every block of the inventory to where its samples are now: the block itself, or the newest one that was
 * compacted from it, told by parents and by sources. What is nowhere has expired if the retention of before had already
 * condemned it, and is lost otherwise.
 */
export function compareBlocks(before: Inventory, listing: TsdbListing): BlockComparison {
  // A compaction that had just ended when the listing was made: its parents are counted by their child.
  const replaced = new Set(before.blocks.flatMap((block) => block.parents));
  const counted = before.blocks.filter((block) => !replaced.has(block.ulid));
  const found = counted.map((block) => ({ block, holder: findHolder(block, listing.blocks) }));
  const vanished = found.flatMap(({ block, holder }) => (holder === undefined ? [block] : []));
  const condemned = condemnedBefore(before, listing, vanished);
  const merged = judgeMerges(found);
  const lost = vanished.filter((block) => !condemned.has(block.ulid));
  const expired = vanished.filter((block) => condemned.has(block.ulid));
  const kept = found.flatMap(({ block, holder }) => (holder === undefined ? [] : [block]));
  const fewer = merged.lost.reduce((sum, window) => sum + window.samples, 0);
  return {
    lost: [...lost.map((block) => lostBlock(block, listing)), ...merged.lost],
    gone: [...lost, ...expired],
    expired,
    counted,
    keptSamples: kept.reduce((sum, block) => sum + block.samples, 0) - fewer,
    keptSeries: kept.reduce((most, block) => Math.max(most, block.series), 0),
    expiredSamples: expired.reduce((sum, block) => sum + block.samples, 0),
    findings: merged.findings,
  };
}

interface Found {
  readonly block: BlockOnDisk;
  readonly holder: BlockOnDisk | undefined;
}

function findHolder(block: BlockOnDisk, present: readonly BlockOnDisk[]): BlockOnDisk | undefined {
  const same = present.find((candidate) => candidate.ulid === block.ulid);
  if (same !== undefined) return same;
  const covering = present.filter(
    (candidate) => candidate.minTime <= block.minTime && candidate.maxTime >= block.maxTime,
  );
  return (
    covering.find((candidate) => candidate.parents.includes(block.ulid)) ??
    covering.find((candidate) => block.sources.length > 0 && isSubset(block.sources, candidate.sources))
  );
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  const set = new Set(all);
  return some.every((ulid) => set.has(ulid));
}

/**
 * By size, the blocks that came since push old ones out just as they would have without us. Retention takes the oldest
 * first; a mark is for one block alone.
 */
function condemnedBefore(
  before: Inventory,
  listing: TsdbListing,
  vanished: readonly BlockOnDisk[],
): ReadonlySet<string> {
  const present = listing.blocks.map(({ maxTime }) => ({ toMs: maxTime }));
  const condemned = condemnedAt({
    blocks: [...listing.blocks, ...vanished],
    headBytes: Math.max(before.headBytes, headBytesOf(listing)),
    retention: before.retention,
    newestMs: before.newestMs,
  });
  const canHaveGone = ({ deletable, maxTime }: BlockOnDisk): boolean =>
    deletable || isOldestGone({ toMs: maxTime }, present);
  return new Set(vanished.flatMap((block) => (condemned.has(block.ulid) && canHaveGone(block) ? [block.ulid] : [])));
}

/** A block must hold at least what the blocks that went into it held, unless these overlapped and shared samples. */
function judgeMerges(found: readonly Found[]): {
  readonly lost: readonly LostWindow[];
  readonly findings: readonly Finding[];
} {
  const lost: LostWindow[] = [];
  const findings: Finding[] = [];
  for (const [holder, parts] of groupByHolder(found)) {
    const samples = parts.reduce((sum, block) => sum + block.samples, 0);
    if (holder.samples >= samples) continue;
    // What two of them share is there once afterwards, and the one that holds most is whole in it.
    const least = overlap(parts) ? Math.max(...parts.map((block) => block.samples)) : samples;
    if (holder.samples >= least) {
      findings.push(mergedOverlap(holder, samples));
      continue;
    }
    lost.push({
      fromMs: Math.min(...parts.map((block) => block.minTime)),
      toMs: Math.max(...parts.map((block) => block.maxTime)),
      samples: least - holder.samples,
      reason: `block ${holder.ulid} holds ${holder.samples} of the ${samples} samples of ${parts.map((block) => block.ulid).join(', ')}`,
    });
  }
  return { lost, findings };
}

function groupByHolder(found: readonly Found[]): ReadonlyMap<BlockOnDisk, readonly BlockOnDisk[]> {
  const groups = new Map<BlockOnDisk, BlockOnDisk[]>();
  for (const { block, holder } of found) {
    if (holder === undefined) continue;
    const group = groups.get(holder);
    if (group === undefined) groups.set(holder, [block]);
    else group.push(block);
  }
  return groups;
}

function overlap(blocks: readonly BlockOnDisk[]): boolean {
  const sorted = [...blocks].sort((a, b) => a.minTime - b.minTime);
  return sorted.some((block, index) => (sorted[index + 1]?.minTime ?? Infinity) < block.maxTime);
}

function mergedOverlap(holder: BlockOnDisk, samples: number): Finding {
  return {
    rule: 'overlap-merged',
    severity: 'info',
    object: `block ${holder.ulid}`,
    message: `Block ${holder.ulid} was compacted from overlapping blocks of ${samples} samples and holds ${holder.samples}: what was in two of them is now there once.`,
    remedy: 'Nothing needs to be done.',
  };
}

function lostBlock(block: BlockOnDisk, listing: TsdbListing): LostWindow {
  const broken = listing.broken.find(({ name }) => name === block.ulid);
  const how = broken === undefined ? 'is not on the volume any more' : `is there, but ${broken.reason}`;
  return {
    fromMs: block.minTime,
    toMs: block.maxTime,
    samples: block.samples,
    reason: `block ${block.ulid} (${block.series} series) ${how}, and no block was compacted from it`,
  };
}
