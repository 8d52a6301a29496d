import type { Int64 } from '../bytes/int64.ts';
import { resetHints, type Buckets, type HistogramSample, type ResetHint } from '../chunk/sample-sink.ts';
import type { HistogramInChunk } from './histogram-encoder.ts';

/** Whether a histogram goes into the chunk of the one before it; if not, what the next chunk says of a reset before it. */
export interface Continuation {
  readonly isSameChunk: boolean;
  readonly hint: ResetHint;
}

const same: Continuation = { isSameChunk: true, hint: resetHints.notReset };
const unknown: Continuation = { isSameChunk: false, hint: resetHints.unknown };
const reset: Continuation = { isSameChunk: false, hint: resetHints.reset };
const gauge: Continuation = { isSameChunk: false, hint: resetHints.gauge };

/** Beyond it, differences of differences are no longer exact in a double: such a histogram has a chunk of its own. */
const mostExact = 2 ** 50;

/** As chunkenc/histogram.go appendable and appendableGauge, float_histogram.go the same. */
export function judgeNext(last: HistogramInChunk, next: HistogramInChunk): Continuation {
  const isGauge = next.hint === resetHints.gauge;
  if (last.sample.isFloat !== next.sample.isFloat) return isGauge ? gauge : beginOf(next);
  if (next.isStale) return same;
  if (isGauge !== (last.hint === resetHints.gauge)) return isGauge ? gauge : beginOf(next);
  const { sample } = next;
  if (isGauge) return !last.isStale && hasSameShape(last.sample, sample) && isExact(last, next) ? same : gauge;
  if (next.hint === resetHints.reset) return reset;
  if (last.isStale) return unknown;
  if (sample.count < last.sample.count) return reset;
  if (sample.schema !== last.sample.schema || sample.zeroThreshold !== last.sample.zeroThreshold) return unknown;
  if (!hasSameShape(last.sample, sample) || sample.zeroCount < last.sample.zeroCount) return reset;
  if (hasFallen(last.sample.positive, sample.positive) || hasFallen(last.sample.negative, sample.negative))
    return reset;
  return isExact(last, next) ? same : { isSameChunk: false, hint: resetHints.notReset };
}

/** What the first chunk says: what was before it is not known. */
export function beginOf({ hint }: HistogramInChunk): Continuation {
  return { isSameChunk: false, hint: hint === resetHints.notReset ? resetHints.unknown : hint };
}

function hasSameShape(one: HistogramSample, other: HistogramSample): boolean {
  return (
    one.schema === other.schema &&
    one.zeroThreshold === other.zeroThreshold &&
    one.customValues.length === other.customValues.length &&
    one.customValues.every((value, at) => value === other.customValues[at])
  );
}

/** True where a bucket holds less than before. */
function hasFallen(before: Buckets, now: Buckets): boolean {
  let at = 0;
  return before.some(([index, count]) => {
    while (at < now.length && (now[at] as Buckets[number])[0] < index) at += 1;
    const bucket = now[at];
    return bucket?.[0] === index ? count > bucket[1] : count !== 0;
  });
}

function isExact(...histograms: readonly HistogramInChunk[]): boolean {
  return histograms.every(
    ({ sample }) =>
      sample.isFloat ||
      [sample.count, sample.zeroCount, ...absolutes(sample)].every((count) => count > -mostExact && count < mostExact),
  );
}

function absolutes({ positive, negative }: HistogramSample): readonly Int64[] {
  return [...positive, ...negative].map(([, count]) => count);
}
