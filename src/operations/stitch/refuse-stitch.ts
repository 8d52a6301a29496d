import { plural } from '../../model/counted.ts';
import { formatBytes } from '../../model/bytes.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { ObservedSource, ObservedSources } from '../../model/stitch-facts.ts';
import { chooseBlocks, type StitchOrder } from './stitch.ts';
import { findCondemned, howToKeepAll, ofWhom } from './result-retention.ts';
import { listOf, resultToJudge, timeOf } from './stitch-findings.ts';

export interface StitchLimits {
  readonly freeBytes: number;
  /** --unsafe-let-retention-delete. */
  readonly letRetentionDelete: boolean;
}

/** Throws for what no plan can be made of, before anything is written. */
export function refuseStitch(facts: ObservedSources, order: StitchOrder, limits: StitchLimits): void {
  refuseStrangers(facts);
  refuseConflicts(facts, order);
  if (!limits.letRetentionDelete) refuseRetention(facts, order);
  refuseTooLarge(facts, order, limits.freeBytes);
}

function refuseStrangers({ sources, twins }: ObservedSources): void {
  const [first] = twins.strangers;
  if (first === undefined) return;
  const [one, other] = first.sources.map((number) => sources[number]?.directory ?? '');
  const more = twins.strangers.length > 1 ? ` There are ${twins.strangers.length - 1} more such blocks.` : '';
  throw new HoldfastError('not-stitchable', {
    message: `${one ?? ''} and ${other ?? ''} both hold a block ${first.block}, and not with the same bytes.${more} Nothing was changed.`,
    remedy: 'Find out which one is right with `holdfast check`, and leave the other one out of a copy of its volume.',
    details: { blocks: twins.strangers.slice(0, 20) },
  });
}

const windowMs = 7_200_000;

/** Conflicts that the winner takes no part in are undecided all the same. */
function refuseConflicts({ sources, union }: ObservedSources, { winner }: StitchOrder): void {
  const open = union?.conflicts.pairs.filter(({ one, other }) => one !== winner && other !== winner) ?? [];
  const [first] = open;
  if (union === null || first === undefined) return;
  const samples = open.reduce((sum, pair) => sum + pair.samples, 0);
  const { series, windows } = union.conflicts;
  const names = open.map(({ one, other }) => `${sources[one]?.directory ?? ''} and ${sources[other]?.directory ?? ''}`);
  const named = series.listed.map((listed) => listed.series);
  const more = series.more > 0 ? ` and ${series.more} more series` : '';
  const span = `${timeOf(windows[0]?.fromMs ?? NaN)} to ${timeOf((windows.at(-1)?.fromMs ?? NaN) + windowMs)}`;
  throw new HoldfastError('conflicting-samples', {
    message: `${names.join('; ')} hold different values at the same times: ${plural(samples, 'sample')} from ${span}, of ${named.join(', ')}${more}. Nothing was changed.`,
    remedy:
      winner === null
        ? 'Say with --wins DIR whose values are right; the others will not be in the result.'
        : 'Stitch those two first, with --wins, and the result with the others.',
    details: {
      samples,
      pairs: open.map(({ one, other, samples: count }) => {
        return { one: sources[one]?.directory, other: sources[other]?.directory, samples: count };
      }),
      series: series.listed,
      moreSeries: series.more,
      windows: windows.slice(0, 20),
    },
  });
}

/** Only where it is known under which retention it will be started; else it is a finding. */
function refuseRetention(facts: ObservedSources, order: StitchOrder): void {
  if (order.retention.by === 'adopt') return;
  const chosen = chooseBlocks(facts.sources, order.winner);
  const result = resultToJudge(facts, { ...order, chosen, heads: [...facts.sources.keys()] });
  const condemned = findCondemned(result);
  if (condemned.length === 0) return;
  const samples = condemned.reduce((sum, block) => sum + block.samples, 0);
  throw new HoldfastError('retention-would-delete', {
    message: `${ofWhom(result)} would delete ${listOf(condemned)} with ${plural(samples, 'sample')} of the result. Nothing was changed.`,
    remedy: `${howToKeepAll(result)} With --unsafe-let-retention-delete they may go.`,
    details: { blocks: condemned.slice(0, 20).map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime })) },
  });
}

function refuseTooLarge({ sources }: ObservedSources, { into, linked, winner }: StitchOrder, freeBytes: number): void {
  const blocks = linked ? 0 : chooseBlocks(sources, winner).reduce((sum, { block }) => sum + block.sizeBytes, 0);
  const neededBytes = blocks + sources.reduce((sum, source) => sum + bytesForHead(source), 0) + spareBytes;
  if (freeBytes >= neededBytes) return;
  throw new HoldfastError('disk-full', {
    message: `${into} needs ${formatBytes(neededBytes)}, and ${formatBytes(freeBytes)} are free there. Nothing was changed.`,
    remedy: 'Make room on that file system, or name another place with --into.',
    details: { into, neededBytes, freeBytes },
  });
}

/** What a head becomes is smaller than its WAL; meanwhile its samples are sorted on the same disk. */
function bytesForHead({ headBytes, inventory, coveredToMs }: ObservedSource): number {
  if (headBytes === 0) return 0;
  const windows = inventory.windows.filter(({ toMs }) => toMs > (coveredToMs ?? -Infinity));
  const samples = windows.reduce((sum, window) => sum + window.samples + window.staleMarkers, 0);
  return headBytes + spooledBytes * (samples + inventory.totals.outOfOrderSamples);
}

const spooledBytes = 24;

/** Journal, inventories and proof. */
const spareBytes = 16 << 20;
