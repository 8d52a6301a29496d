import { subtractInt64, type Int64 } from '../bytes/int64.ts';
import { resetHints, type Buckets, type ResetHint } from '../chunk/sample-sink.ts';
import { highWordOf, lowWordOf } from '../chunk/xor-value.ts';
import { BitWriter } from './bit-writer.ts';
import { writeHistogramLayout, type ChunkLayout } from './histogram-layout-writer.ts';
import type { HeadHistogram } from './spooled-histogram.ts';
import { StartTimeWriter } from './start-time-writer.ts';
import { writeVarbitInt, writeVarbitUint } from './varbit-writer.ts';
import { XorValueWriter } from './xor-value-writer.ts';

export interface HistogramInChunk extends HeadHistogram {
  readonly timeMs: number;
}

export interface EncodedHistograms {
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** chunkenc/histogram.go CounterResetHeader, in the two upper bits. */
const headers: Readonly<Record<ResetHint, number>> = {
  [resetHints.unknown]: 0b00,
  [resetHints.reset]: 0b10,
  [resetHints.notReset]: 0b01,
  [resetHints.gauge]: 0b11,
};

/**
 * Encodes histograms that fit into one chunk (histogram-chunk-rules.ts) as Prometheus does: all integer or all float, in a
 * layout that holds every bucket of each. With start times where one of them has one. `header` is what is known of a reset
 * before the first.
 */
export function encodeHistograms(histograms: readonly HistogramInChunk[], header: ResetHint): EncodedHistograms {
  const [first] = histograms;
  if (first === undefined || histograms.length > 0x3fff) throw new Error('Not so many histograms go into a chunk.');
  const bits = new BitWriter();
  const layout = layoutOf(histograms);
  writeHistogramLayout(bits, layout);
  const hasStartTimes = histograms.some(({ startMs }) => startMs !== 0);
  const starts = new StartTimeWriter();
  const writer = first.sample.isFloat ? new FloatWriter(bits, layout) : new IntegerWriter(bits, layout);
  for (const histogram of histograms) {
    writer.write(histogram);
    if (hasStartTimes) starts.write(bits, histogram.timeMs, histogram.startMs);
  }
  const flags = headers[header] << 6;
  const count = histograms.length;
  const head = hasStartTimes
    ? [(count >>> 8) | flags, count & 0xff, starts.header]
    : [count >>> 8, count & 0xff, flags];
  const data = new Uint8Array(3 + bits.written.length);
  data.set(head);
  data.set(bits.written, 3);
  return { encoding: (first.sample.isFloat ? 3 : 2) + (hasStartTimes ? 3 : 0), data };
}

/** Where the first is a stale marker, all are, and there are no buckets. */
function layoutOf(histograms: readonly HistogramInChunk[]): ChunkLayout {
  const samples = histograms.filter(({ isStale }) => !isStale).map(({ sample }) => sample);
  const [first] = samples;
  if (first === undefined) return { schema: 0, zeroThreshold: 0, positive: [], negative: [], customValues: [] };
  const { schema, zeroThreshold, customValues } = first;
  const indexesOf = (which: 'positive' | 'negative'): readonly number[] => {
    const indexes = new Set(samples.flatMap(({ [which]: buckets }) => buckets.map(([index]) => index)));
    return [...indexes].sort((one, other) => one - other);
  };
  return { schema, zeroThreshold, positive: indexesOf('positive'), negative: indexesOf('negative'), customValues };
}

/** A count for each bucket of the layout. */
function countsIn(layout: readonly number[], buckets: Buckets): readonly Int64[] {
  let next = 0;
  return layout.map((index) => {
    const bucket = buckets[next];
    if (bucket?.[0] !== index) return 0;
    next += 1;
    return bucket[1];
  });
}

/** A number that is stored as a delta of deltas. */
class Counting {
  private value: Int64 = 0;
  private delta: Int64 = 0;

  writeNext(bits: BitWriter, value: Int64): void {
    const delta = subtractInt64(value, this.value);
    writeVarbitInt(bits, subtractInt64(delta, this.delta));
    this.value = value;
    this.delta = delta;
  }

  set(value: Int64): void {
    this.value = value;
  }
}

class IntegerWriter {
  private readonly bits: BitWriter;
  private readonly layout: ChunkLayout;
  private isFirst = true;
  private readonly time = new Counting();
  private readonly count = new Counting();
  private readonly zeroCount = new Counting();
  private readonly sum = new XorValueWriter();
  /** Differences from one bucket to the next. */
  private readonly positive: readonly Counting[];
  private readonly negative: readonly Counting[];

  constructor(bits: BitWriter, layout: ChunkLayout) {
    this.bits = bits;
    this.layout = layout;
    this.positive = layout.positive.map(() => new Counting());
    this.negative = layout.negative.map(() => new Counting());
  }

  write({ timeMs, sample, isStale }: HistogramInChunk): void {
    const { bits, isFirst } = this;
    this.isFirst = false;
    if (isFirst) this.writeFirst(timeMs, sample);
    else {
      this.time.writeNext(bits, timeMs);
      // Of a stale marker the counts go on as before, and nobody looks at them.
      if (isStale) bits.write(0b00, 2);
      else {
        this.count.writeNext(bits, sample.count);
        this.zeroCount.writeNext(bits, sample.zeroCount);
      }
      this.sum.writeNext(bits, highWordOf(sample.sum), lowWordOf(sample.sum));
    }
    if (isStale) return;
    this.writeBuckets(this.positive, countsIn(this.layout.positive, sample.positive), isFirst);
    this.writeBuckets(this.negative, countsIn(this.layout.negative, sample.negative), isFirst);
  }

  private writeFirst(timeMs: number, sample: HeadHistogram['sample']): void {
    const { bits } = this;
    writeVarbitInt(bits, timeMs);
    writeVarbitUint(bits, sample.count);
    writeVarbitUint(bits, sample.zeroCount);
    this.sum.writeWhole(bits, highWordOf(sample.sum), lowWordOf(sample.sum));
    this.time.set(timeMs);
    this.count.set(sample.count);
    this.zeroCount.set(sample.zeroCount);
  }

  private writeBuckets(buckets: readonly Counting[], counts: readonly Int64[], isFirst: boolean): void {
    let before: Int64 = 0;
    counts.forEach((count, at) => {
      const bucket = buckets[at] as Counting;
      const difference = subtractInt64(count, before);
      if (isFirst) {
        writeVarbitInt(this.bits, difference);
        bucket.set(difference);
      } else bucket.writeNext(this.bits, difference);
      before = count;
    });
  }
}

class FloatWriter {
  private readonly bits: BitWriter;
  private readonly layout: ChunkLayout;
  private isFirst = true;
  private readonly time = new Counting();
  private readonly count = new XorValueWriter();
  private readonly zeroCount = new XorValueWriter();
  private readonly sum = new XorValueWriter();
  private readonly positive: readonly XorValueWriter[];
  private readonly negative: readonly XorValueWriter[];

  constructor(bits: BitWriter, layout: ChunkLayout) {
    this.bits = bits;
    this.layout = layout;
    this.positive = layout.positive.map(() => new XorValueWriter());
    this.negative = layout.negative.map(() => new XorValueWriter());
  }

  write({ timeMs, sample, isStale }: HistogramInChunk): void {
    const { isFirst } = this;
    if (isFirst) {
      writeVarbitInt(this.bits, timeMs);
      this.time.set(timeMs);
    } else this.time.writeNext(this.bits, timeMs);
    this.writeValue(this.count, sample.count);
    this.writeValue(this.zeroCount, sample.zeroCount);
    this.writeValue(this.sum, sample.sum);
    if (!isStale) {
      countsIn(this.layout.positive, sample.positive).forEach((count, at) =>
        this.writeValue(this.positive[at] as XorValueWriter, count),
      );
      countsIn(this.layout.negative, sample.negative).forEach((count, at) =>
        this.writeValue(this.negative[at] as XorValueWriter, count),
      );
    }
    this.isFirst = false;
  }

  /** Counts of floats are numbers. */
  private writeValue(writer: XorValueWriter, count: Int64): void {
    const value = Number(count);
    if (this.isFirst) writer.writeWhole(this.bits, highWordOf(value), lowWordOf(value));
    else writer.writeNext(this.bits, highWordOf(value), lowWordOf(value));
  }
}
