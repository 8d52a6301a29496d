import type { HistogramOrigin, HistogramSample, SampleSink } from '../chunk/sample-sink.ts';

/** What samples of the head are told to, by the number of their series. */
export interface HeadSampleSink {
  /** `startMs` is when its counter began, 0 where nobody said it. */
  float(series: number, timeMs: number, high: number, low: number, startMs: number): void;
  histogram(series: number, timeMs: number, sample: HistogramSample, isStale: boolean, origin: HistogramOrigin): void;
}

/** Tells each sample to the one and then to the other. */
export function both(one: HeadSampleSink, other: HeadSampleSink): HeadSampleSink {
  return {
    float: (...sample) => {
      one.float(...sample);
      other.float(...sample);
    },
    histogram: (...sample) => {
      one.histogram(...sample);
      other.histogram(...sample);
    },
  };
}

/** Tells each sample to the one where the condition holds, else to the other. */
export function choose(
  isOne: (series: number, timeMs: number) => boolean,
  one: HeadSampleSink,
  other: HeadSampleSink,
): HeadSampleSink {
  return {
    float: (series, timeMs, ...value) => (isOne(series, timeMs) ? one : other).float(series, timeMs, ...value),
    histogram: (series, timeMs, ...value) => (isOne(series, timeMs) ? one : other).histogram(series, timeMs, ...value),
  };
}

/** What the samples of a chunk of a series are told to. */
export function chunkSink(
  series: number,
  sink: HeadSampleSink,
  isKept: (series: number, timeMs: number) => boolean = () => true,
): SampleSink {
  return {
    float: (timeMs, high, low, startMs = 0) => {
      if (isKept(series, timeMs)) sink.float(series, timeMs, high, low, startMs);
    },
    histogram: (timeMs, sample, isStale, origin = unknownOrigin) => {
      if (isKept(series, timeMs)) sink.histogram(series, timeMs, sample, isStale, origin);
    },
  };
}

const unknownOrigin: HistogramOrigin = { startMs: 0, hint: 0 };
