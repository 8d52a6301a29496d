import type { BlockMeta, BlockOnDisk, TsdbListing } from '../model/block.ts';
import type { EffectiveRetention, Retention, RetentionRaise } from '../model/retention.ts';
import { isBeforeVersion } from './program-version.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The head is cut into blocks at multiples of this (storage.tsdb.min-block-duration). */
export const blockRangeMs = 2 * 60 * minuteMs;

/** What a block exactly at the border of time retention meets: kept before 2.52, deleted since (prometheus#9633). */
export type RetentionBorder = 'kept' | 'deleted';

export function retentionBorderOf(prometheusVersion: string): RetentionBorder {
  return isBeforeVersion(prometheusVersion, '2.52.0') ? 'kept' : 'deleted';
}

/**
 * The blocks that Prometheus deletes when it loads this listing (tsdb/db.go deletableBlocks): by time measured from the
 * newest block's end, by size counted from the newest block with WAL and head chunks first, and those marked deletable.
 * A limit of 0 is none. Without a border the stricter rule of newer versions is taken.
 */
export function blocksBeyondRetention(
  listing: TsdbListing,
  retention: EffectiveRetention,
  border: RetentionBorder = 'deleted',
): readonly BlockOnDisk[] {
  const newestFirst = [...listing.blocks].sort((a, b) => b.maxTime - a.maxTime);
  const [newest] = newestFirst;
  if (newest === undefined) return [];
  const byTime = beyondTime(newestFirst, {
    fromMs: newest.maxTime,
    timeMs: retention.timeMs,
    border,
    keepNewest: true,
  });
  const bySize = beyondSize(newestFirst, headBytesOf(listing), retention.sizeBytes);
  const firstGone = Math.min(byTime, bySize);
  return newestFirst.filter((block, index) => index >= firstGone || block.deletable);
}

interface TimeLimit {
  readonly fromMs: number;
  readonly timeMs: number;
  readonly border: RetentionBorder;
  /** Prometheus never takes the newest block by time; with a block still to come, it may. */
  readonly keepNewest: boolean;
}

/** Index of the first block beyond; it and all older ones go. */
function beyondTime(newestFirst: readonly BlockMeta[], limit: TimeLimit): number {
  if (limit.timeMs === 0) return newestFirst.length;
  const index = newestFirst.findIndex((block, position) => {
    if (position === 0 && limit.keepNewest) return false;
    const age = limit.fromMs - block.maxTime;
    return limit.border === 'deleted' ? age >= limit.timeMs : age > limit.timeMs;
  });
  return index === -1 ? newestFirst.length : index;
}

function beyondSize(newestFirst: readonly BlockOnDisk[], headBytes: number, sizeBytes: number): number {
  if (sizeBytes <= 0) return newestFirst.length;
  let sum = headBytes;
  const index = newestFirst.findIndex((block) => {
    sum += block.sizeBytes;
    return sum > sizeBytes;
  });
  return index === -1 ? newestFirst.length : index;
}

export function headBytesOf(listing: TsdbListing): number {
  return listing.walBytes + listing.headChunksBytes;
}

/**
 * What Prometheus is to be started with: the time that was asked for, and every outage that blocks of that age still
 * need. With the newest sample given, raises that no block needs any more are left out.
 */
export function effectiveRetention(retention: Retention, newestMs: number | null = null): EffectiveRetention {
  if (retention.timeMs === 0) return { timeMs: 0, sizeBytes: retention.sizeBytes };
  const needed = newestMs === null ? retention.raises : neededRaises(retention, newestMs);
  return { timeMs: retention.timeMs + totalOf(needed), sizeBytes: retention.sizeBytes };
}

/** What is kept where both of two retentions delete: the shorter time and the smaller size. */
export function stricterRetention(one: EffectiveRetention, other: EffectiveRetention): EffectiveRetention {
  return { timeMs: lesserLimit(one.timeMs, other.timeMs), sizeBytes: lesserLimit(one.sizeBytes, other.sizeBytes) };
}

/** 0 is no limit. */
function lesserLimit(one: number, other: number): number {
  return one === 0 || other === 0 ? Math.max(one, other) : Math.min(one, other);
}

/**
 * The retention with the outage from the newest sample until now taken out of the count, rounded up to a minute; an
 * outage under a minute changes nothing. Calling it again before any new sample has come lengthens the same raise.
 */
export function raiseForOutage(
  retention: Retention,
  at: { readonly newestMs: number | null; readonly nowMs: number },
): Retention {
  if (at.newestMs === null) return retention;
  const raises = neededRaises(retention, at.newestMs);
  const outageMs = at.nowMs - at.newestMs;
  if (retention.timeMs === 0 || outageMs < minuteMs) return { ...retention, raises };
  const raise = { fromMs: at.newestMs, toMs: at.newestMs + Math.ceil(outageMs / minuteMs) * minuteMs };
  return { ...retention, raises: mergeRaises([...raises, raise]) };
}

/** A raise is needed until the blocks from before it have lived through the configured time while Prometheus ran. */
function neededRaises(retention: Retention, newestMs: number): readonly RetentionRaise[] {
  if (retention.timeMs === 0) return [];
  const newestFirst = [...mergeRaises(retention.raises)].reverse();
  const needed: RetentionRaise[] = [];
  for (const raise of newestFirst) {
    if (newestMs - raise.toMs - totalOf(needed) >= retention.timeMs) break;
    needed.unshift(raise);
  }
  return needed;
}

function mergeRaises(raises: readonly RetentionRaise[]): readonly RetentionRaise[] {
  const merged: RetentionRaise[] = [];
  for (const raise of [...raises].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last !== undefined && raise.fromMs <= last.toMs) {
      merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, raise.toMs) };
    } else merged.push(raise);
  }
  return merged;
}

function totalOf(raises: readonly RetentionRaise[]): number {
  return raises.reduce((sum, raise) => sum + (raise.toMs - raise.fromMs), 0);
}

export interface RetentionQuestion {
  readonly listing: TsdbListing;
  /** Newest sample on the volume, in a block or in the head; null where there is none or nobody knows. */
  readonly newestMs: number | null;
  readonly inForce: EffectiveRetention;
  readonly next: EffectiveRetention;
  readonly nowMs: number;
}

export interface RetentionJudgement {
  /** Would be deleted by `next`, and had not been condemned by `inForce` at the newest sample: a refusal. */
  readonly condemned: readonly BlockOnDisk[];
  /** Would be deleted, and had been condemned before. */
  readonly expired: readonly BlockOnDisk[];
}

/**
 * Judges a start before it happens: what Prometheus would delete at its first load, and when it cuts the first new
 * block, whose end then becomes the newest. The retention in force is granted the same minutes of running from the
 * newest sample on, so that an unchanged retention condemns nothing, however the clock stands.
 */
export function judgeRetention(question: RetentionQuestion): RetentionJudgement {
  const { listing, nowMs } = question;
  const replaced = new Set(listing.blocks.flatMap((block) => block.parents));
  const firstCutMs = nextCutAfter(nowMs);
  const newestMs = question.newestMs ?? (listing.newestBlockMs ?? nowMs) - 1;
  const inForceFromMs = newestMs + (firstCutMs - nowMs) + minuteMs;
  const gone = new Set([
    ...blocksBeyondRetention(listing, question.next),
    ...beyondWhenCut(listing, question.next, firstCutMs),
  ]);
  const before = new Set([
    ...blocksBeyondRetention(listing, question.inForce),
    ...beyondWhenCut(listing, question.inForce, inForceFromMs),
  ]);
  const going = listing.blocks.filter((block) => gone.has(block) && !replaced.has(block.ulid));
  return {
    condemned: going.filter((block) => !before.has(block)),
    expired: going.filter((block) => before.has(block)),
  };
}

/** As blocksBeyondRetention, once a block made of the head ends at `cutMs`. */
function beyondWhenCut(listing: TsdbListing, retention: EffectiveRetention, cutMs: number): readonly BlockOnDisk[] {
  const newestFirst = [...listing.blocks].sort((a, b) => b.maxTime - a.maxTime);
  const fromMs = Math.max(cutMs, newestFirst[0]?.maxTime ?? cutMs);
  const limit = { fromMs, timeMs: retention.timeMs, border: 'deleted', keepNewest: false } as const;
  const headBytes = headBytesOf(listing) + bytesOfNextBlock(listing);
  const firstGone = Math.min(beyondTime(newestFirst, limit), beyondSize(newestFirst, headBytes, retention.sizeBytes));
  return newestFirst.slice(firstGone);
}

/** The WAL is cut only after the new block is loaded, so for a moment both count; a block is as big as the last of its level. */
function bytesOfNextBlock(listing: TsdbListing): number {
  const small = listing.blocks.filter((block) => block.level <= 1).at(-1);
  return Math.max(small?.sizeBytes ?? 0, listing.headChunksBytes);
}

function nextCutAfter(nowMs: number): number {
  return (Math.floor(nowMs / blockRangeMs) + 1) * blockRangeMs;
}

/**
 * The retention that loses nothing of a directory that is taken in: `wanted`, raised where it must be to the age of the
 * oldest block and the wanted time again, in whole days; and to twice the size, in whole GiB.
 */
export function retentionThatKeepsAll(
  listing: TsdbListing,
  nowMs: number,
  wanted: EffectiveRetention = { timeMs: 15 * dayMs, sizeBytes: 15 * 2 ** 30 },
): Retention {
  const oldest = listing.oldestBlockMs ?? nowMs;
  const neededMs = Math.max(nextCutAfter(nowMs), listing.newestBlockMs ?? 0) - oldest;
  const timeMs = roundUp(neededMs + wanted.timeMs, dayMs);
  const held = listing.blocks.reduce((sum, block) => sum + block.sizeBytes, headBytesOf(listing));
  const neededBytes = roundUp(2 * (held + bytesOfNextBlock(listing)), 2 ** 30);
  return {
    timeMs: wanted.timeMs === 0 || neededMs < wanted.timeMs ? wanted.timeMs : timeMs,
    sizeBytes: wanted.sizeBytes === 0 ? 0 : Math.max(wanted.sizeBytes, neededBytes),
    raises: [],
  };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

export interface CondemnedQuestion {
  /** All blocks that there were, and those that came since. */
  readonly blocks: readonly BlockOnDisk[];
  readonly headBytes: number;
  readonly retention: EffectiveRetention;
  /** Newest sample that time is measured from. */
  readonly newestMs: number | null;
}

/** What a retention had condemned at the newest sample: what a proof may call expired. */
export function condemnedAt(question: CondemnedQuestion): ReadonlySet<string> {
  const newestFirst = [...question.blocks].sort((a, b) => b.maxTime - a.maxTime);
  const { retention, newestMs } = question;
  const limit = { fromMs: (newestMs ?? 0) + 1, timeMs: retention.timeMs, border: 'deleted', keepNewest: true } as const;
  const byTime = newestMs === null ? newestFirst.length : beyondTime(newestFirst, limit);
  const firstGone = Math.min(byTime, beyondSize(newestFirst, question.headBytes, retention.sizeBytes));
  return new Set(
    newestFirst.filter((block, index) => index >= firstGone || block.deletable).map((block) => block.ulid),
  );
}
