import type { Int64 } from '../bytes/int64.ts';

export type Buckets = readonly (readonly [index: number, count: Int64])[];

/** A native histogram sample with absolute counts. Buckets that hold nothing are left out; indexes increase. */
export interface HistogramSample {
  /** True where counts were stored as floats. */
  readonly isFloat: boolean;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: Int64;
  readonly count: Int64;
  readonly sum: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  /** Upper bounds of custom buckets; empty for any other schema. */
  readonly customValues: readonly number[];
}

/** True where a double does not hold one of the counts. */
export function isLarge({ isFloat, zeroCount, count, positive, negative }: HistogramSample): boolean {
  if (isFloat) return false;
  if (typeof zeroCount === 'bigint' || typeof count === 'bigint') return true;
  return hasLarge(positive) || hasLarge(negative);
}

function hasLarge(buckets: Buckets): boolean {
  for (const bucket of buckets) if (typeof bucket[1] === 'bigint') return true;
  return false;
}

/**
 * What is known of a counter's reset right before a histogram (model/histogram CounterResetHint, the same numbers).
 */
export const resetHints = { unknown: 0, reset: 1, notReset: 2, gauge: 3 } as const;

/** What is stored beside a histogram and is no part of its value. */
export interface HistogramOrigin {
  /** As for a float. */
  readonly startMs: number;
  readonly hint: ResetHint;
}

export type ResetHint = (typeof resetHints)[keyof typeof resetHints];

/**
 * What a decoder tells its samples to, in the order in which they are stored. Times are Unix milliseconds; a float comes
 * as the two halves of its IEEE 754 bits, since NaNs differ in theirs. `startMs` is when the counter began, which is no part
 * of the sample's value; 0 or left out where nobody said it, NaN where a double does not hold it.
 */
export interface SampleSink {
  float(timeMs: number, high: number, low: number, startMs?: number): void;
  /** `isStale` where the sum is the stale marker: then nothing else of it means anything. */
  histogram(timeMs: number, sample: HistogramSample, isStale: boolean, origin?: HistogramOrigin): void;
}

/** model/value StaleNaN: what Prometheus writes where a series ended. */
export const staleHigh = 0x7ff00000;
export const staleLow = 2;

export function isStaleMarker(high: number, low: number): boolean {
  return low === staleLow && high === staleHigh;
}
