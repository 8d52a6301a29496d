import { isStaleMarker, resetHints } from '../chunk/sample-sink.ts';
import type { ChunkToWrite } from './chunk-writer.ts';
import { beginOf, judgeNext } from './histogram-chunk-rules.ts';
import { encodeHistograms, type HistogramInChunk } from './histogram-encoder.ts';
import type { SpooledSample } from './sample-fragment.ts';
import { readSpooledHistogram, staleHistogram } from './spooled-histogram.ts';
import { Xor2Encoder } from './xor2-encoder.ts';
import { XorEncoder } from './xor-encoder.ts';

/** As Prometheus cuts them (head_append.go). */
const mostSamples = 120;
/** Of all histograms in a chunk together. */
const mostBuckets = 65_536;
const xorEncoding = 1;
const xor2Encoding = 4;

type FloatInChunk = Omit<SpooledSample, 'histogram'>;

/**
 * Cuts the samples of one series into chunks, as Prometheus does: at so many samples, where floats change to histograms
 * or back, and where histograms cannot be appended to one another.
 */
export class ChunkBuilder {
  private floats: FloatInChunk[] = [];
  private histograms: HistogramInChunk[] = [];
  private header: HistogramInChunk['hint'] = resetHints.unknown;
  private buckets = 0;
  private lastHistogram: HistogramInChunk | undefined;
  private wasLate = false;

  /** Times increase. Returns the chunk that ends before this sample. `isLate` where it came out of order. */
  add(sample: SpooledSample, isLate: boolean): ChunkToWrite | undefined {
    const { timeMs, startMs, high, low, histogram } = sample;
    // What was known of a reset holds for a neighbour in the order in which they came.
    const isNeighbour = isLate === this.wasLate;
    this.wasLate = isLate;
    if (histogram !== undefined) {
      const { hint, ...value } = readSpooledHistogram(histogram);
      const isBelieved = isNeighbour || hint === resetHints.gauge;
      return this.addHistogram({ ...value, timeMs, startMs, hint: isBelieved ? hint : resetHints.unknown });
    }
    const { lastHistogram } = this;
    if (lastHistogram !== undefined && isStaleMarker(high, low)) {
      // The WAL has a float where a series of histograms ends; Prometheus makes it one of those (head_append.go commitFloats).
      const marker = staleHistogram(lastHistogram.sample.isFloat);
      return this.addHistogram({ timeMs, startMs, sample: marker, isStale: true, hint: resetHints.unknown });
    }
    return this.addFloat({ timeMs, startMs, high, low });
  }

  /** What is left. */
  finish(): ChunkToWrite | undefined {
    return this.floats.length > 0 ? this.endFloats() : this.histograms.length > 0 ? this.endHistograms() : undefined;
  }

  private addFloat(float: FloatInChunk): ChunkToWrite | undefined {
    const isFull = this.floats.length === mostSamples || this.histograms.length > 0;
    const ended = isFull ? this.finish() : undefined;
    this.floats.push(float);
    this.lastHistogram = undefined;
    return ended;
  }

  private addHistogram(histogram: HistogramInChunk): ChunkToWrite | undefined {
    const { isSameChunk, hint } =
      this.lastHistogram === undefined ? beginOf(histogram) : judgeNext(this.lastHistogram, histogram);
    const isFull = this.histograms.length === mostSamples || this.buckets >= mostBuckets;
    const ended = isSameChunk && !isFull ? undefined : this.finish();
    if (this.histograms.length === 0) this.header = histogram.hint === resetHints.gauge ? resetHints.gauge : hint;
    this.histograms.push(histogram);
    this.buckets += histogram.sample.positive.length + histogram.sample.negative.length;
    this.lastHistogram = histogram;
    return ended;
  }

  private endFloats(): ChunkToWrite {
    const { floats } = this;
    this.floats = [];
    const hasStarts = floats.some(({ startMs }) => startMs !== 0);
    return {
      ...timesOf(floats),
      encoding: hasStarts ? xor2Encoding : xorEncoding,
      data: encodeFloats(floats, hasStarts),
    };
  }

  private endHistograms(): ChunkToWrite {
    const { histograms, header } = this;
    this.histograms = [];
    this.buckets = 0;
    return { ...timesOf(histograms), ...encodeHistograms(histograms, header) };
  }
}

function encodeFloats(floats: readonly FloatInChunk[], hasStarts: boolean): Uint8Array {
  if (hasStarts) {
    const encoder = new Xor2Encoder();
    for (const { timeMs, ...value } of floats) encoder.add(timeMs, value);
    return encoder.finish();
  }
  const encoder = new XorEncoder();
  for (const { timeMs, high, low } of floats) encoder.add(timeMs, high, low);
  return encoder.finish();
}

function timesOf(samples: readonly { readonly timeMs: number }[]): Pick<ChunkToWrite, 'minTime' | 'maxTime'> {
  return { minTime: samples[0]?.timeMs ?? 0, maxTime: samples.at(-1)?.timeMs ?? 0 };
}
