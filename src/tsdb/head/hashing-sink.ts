import { hashFloat, hashHistogram } from '../inventory/sample-digest.ts';
import type { HeadSampleSink } from './head-sample-sink.ts';
import type { HeadSeries } from './head-series.ts';

/** Leaves the hash of each sample in `hashed`, and tells its series and time. */
export function hashingSink(known: HeadSeries, tell: (series: number, timeMs: number) => void): HeadSampleSink {
  return {
    float: (series, timeMs, high, low) => {
      hashFloat(known.seedAt(series), timeMs, high, low);
      tell(series, timeMs);
    },
    histogram: (series, timeMs, sample) => {
      hashHistogram(known.seedAt(series), timeMs, sample);
      tell(series, timeMs);
    },
  };
}
