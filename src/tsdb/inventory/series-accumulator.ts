import { isDeleted } from '../block/tombstones.ts';
import { decodeChunk, xorEncoding } from '../chunk/decode-chunk.ts';
import { isStaleMarker, type HistogramSample, type SampleSink } from '../chunk/sample-sink.ts';
import type { ConflictSums } from './conflict-sums.ts';
import { hashed, hashFloat, hashHistogram, type SeriesSeed } from './sample-digest.ts';
import type { LateSamples } from './late-samples.ts';
import type { SeriesTally } from './tally.ts';
import { XorDigest, type ChunkSums, type StretchSums } from './xor-digest.ts';

export type Intervals = readonly (readonly [fromMs: number, toMs: number])[];

/**
 * Adds up the samples of one series after another. They come in the order of their time, so what a window holds of a
 * series is told to the tally once, and a series counts once in each window.
 */
export class SeriesAccumulator implements SampleSink, StretchSums {
  private readonly tally: SeriesTally;
  private readonly lateSamples: LateSamples;
  private mayBeLate = false;
  private seed: SeriesSeed = { a: 0, b: 0 };
  private job = '';
  private deleted: Intervals | undefined;
  private readonly digest = new XorDigest();
  /** The stretch that is added up; nothing is in it at first. */
  fromMs = 0;
  toMs = 0;
  /** Where the samples of several blocks come together: values that are not counted, behind the one that is. */
  readonly besides: SampleSink;
  private readonly counted = { timeMs: NaN, a: 0, b: 0 };
  private readonly sums = { samples: 0, staleMarkers: 0, a: 0, b: 0, firstMs: 0, lastMs: 0 };

  constructor(tally: SeriesTally, lateSamples: LateSamples, conflicts: ConflictSums) {
    this.tally = tally;
    this.lateSamples = lateSamples;
    this.besides = {
      float: (timeMs, high, low) => {
        hashFloat(this.seed, timeMs, high, low);
        this.addOther(timeMs, conflicts);
      },
      histogram: (timeMs, sample) => {
        hashHistogram(this.seed, timeMs, sample);
        this.addOther(timeMs, conflicts);
      },
    };
  }

  begin(seed: SeriesSeed, job: string, deleted: Intervals | undefined): void {
    this.seed = seed;
    this.mayBeLate = this.lateSamples.mayHave(seed);
    this.job = job;
    this.deleted = deleted;
    this.fromMs = 0;
    this.toMs = 0;
    this.digest.setSeed(seed);
  }

  /** A chunk as it is stored. Nearly all are XOR chunks of a series of which nothing is deleted and nothing came late. */
  chunk(encoding: number, data: Uint8Array): void {
    const isPlain = encoding === xorEncoding && this.deleted === undefined && !this.mayBeLate;
    const done = isPlain && this.digest.count(data, this);
    if (done === false) decodeChunk(encoding, data, this);
    else if (done === undefined) decodeChunk(encoding, data, nobody);
  }

  enter(timeMs: number): this {
    if (timeMs >= this.toMs || timeMs < this.fromMs) {
      this.flush();
      this.fromMs = this.tally.grid.startOf(timeMs);
      this.toMs = this.tally.grid.endOf(this.fromMs);
    }
    return this;
  }

  take({ samples, staleMarkers, a, b, firstMs, lastMs }: ChunkSums): void {
    const { sums } = this;
    sums.staleMarkers += staleMarkers;
    if (samples === 0) return;
    if (sums.samples === 0) sums.firstMs = firstMs;
    sums.lastMs = lastMs;
    sums.samples += samples;
    sums.a = (sums.a + a) >>> 0;
    sums.b = (sums.b + b) >>> 0;
  }

  float(timeMs: number, high: number, low: number): void {
    if (this.isGone(timeMs)) return;
    if (isStaleMarker(high, low)) {
      this.addStale(timeMs);
      return;
    }
    this.enter(timeMs);
    hashFloat(this.seed, timeMs, high, low);
    this.add(timeMs);
  }

  histogram(timeMs: number, sample: HistogramSample, isStale: boolean): void {
    if (this.isGone(timeMs)) return;
    if (isStale) {
      this.addStale(timeMs);
      return;
    }
    this.enter(timeMs);
    hashHistogram(this.seed, timeMs, sample);
    this.add(timeMs);
  }

  end(): void {
    this.flush();
  }

  private isGone(timeMs: number): boolean {
    return this.deleted !== undefined && isDeleted(this.deleted, timeMs);
  }

  private addStale(timeMs: number): void {
    if (this.mayBeLate && !this.lateSamples.takeStale(this.seed, timeMs)) return;
    this.enter(timeMs);
    this.sums.staleMarkers += 1;
  }

  /** The sample whose hash is in `hashed`, in the stretch that was entered: whoever is told of one may hash. */
  private add(timeMs: number): void {
    if (this.mayBeLate) this.lateSamples.take(this.seed, timeMs, hashed);
    const { sums } = this;
    if (sums.samples === 0) sums.firstMs = timeMs;
    sums.lastMs = timeMs;
    sums.samples += 1;
    sums.a = (sums.a + hashed.a) >>> 0;
    sums.b = (sums.b + hashed.b) >>> 0;
    this.counted.timeMs = timeMs;
    this.counted.a = hashed.a;
    this.counted.b = hashed.b;
  }

  /** The value whose hash is in `hashed`. */
  private addOther(timeMs: number, conflicts: ConflictSums): void {
    if (this.mayBeLate) this.lateSamples.take(this.seed, timeMs, hashed);
    if (this.counted.timeMs === timeMs) conflicts.addCounted(this.counted);
    this.counted.timeMs = NaN;
    conflicts.addOther(hashed);
  }

  private flush(): void {
    const { sums } = this;
    if (sums.samples > 0 || sums.staleMarkers > 0) this.tally.addSeries(this.fromMs, this.job, this.seed, sums);
    sums.samples = 0;
    sums.staleMarkers = 0;
    sums.a = 0;
    sums.b = 0;
  }
}

/** For what has been counted already: only the damage in it is wanted. */
const nobody: SampleSink = { float: () => undefined, histogram: () => undefined };
