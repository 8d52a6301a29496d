import { isStaleMarker } from '../chunk/sample-sink.ts';
import type { SpooledSample } from './sample-fragment.ts';
import { isSameHistogram, isSpooledStale } from './spooled-histogram.ts';

export function isStale({ high, low, histogram }: SpooledSample): boolean {
  return histogram === undefined ? isStaleMarker(high, low) : isSpooledStale(histogram);
}

export function isSame(one: SpooledSample, other: SpooledSample): boolean {
  if (one.histogram === undefined || other.histogram === undefined) {
    return one.histogram === other.histogram && one.high === other.high && one.low === other.low;
  }
  return isSameHistogram(one.histogram, other.histogram);
}
