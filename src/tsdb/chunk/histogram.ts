import { Damage } from '../damage.ts';
import { BitCursor } from '../bytes/bit-cursor.ts';
import { addInt64, asUnsigned, type Int64 } from '../bytes/int64.ts';
import { readHistogramLayout, type HistogramLayout } from './histogram-layout.ts';
import { isStaleMarker, resetHints, type Buckets, type ResetHint, type SampleSink } from './sample-sink.ts';
import { StartTimes } from './start-times.ts';
import { advance } from './xor.ts';
import { XorValue } from './xor-value.ts';

interface Header {
  readonly total: number;
  /** What the flags of the chunk say of its first sample. */
  readonly first: ResetHint;
  readonly starts: StartTimes;
}

const plainMask = 0xffff;
/** The ST encodings keep the counter reset in the two upper bits and start times in the third byte. */
const startTimesMask = 0x3fff;

/** Histogram and histogram ST chunk data (chunks.md): integer counts. */
export function decodeHistogram(data: Uint8Array, sink: SampleSink, hasStartTimes: boolean): number {
  const { total, first, starts } = readHeader(data, hasStartTimes);
  if (total === 0) return 0;
  const bits = new BitCursor(data, 3);
  const layout = readHistogramLayout(bits);
  const state = new IntegerState(layout);
  for (let index = 0; index < total; index += 1) {
    const beforeMs = state.timeMs;
    const isStale = state.read(bits, index === 0);
    const startMs = starts.read(bits, index, index === 0 ? state.timeMs : beforeMs);
    sink.histogram(state.timeMs, state.sample(layout), isStale, { startMs, hint: hintOf(first, index) });
  }
  return total;
}

/** Float histogram and float histogram ST chunk data. */
export function decodeFloatHistogram(data: Uint8Array, sink: SampleSink, hasStartTimes: boolean): number {
  const { total, first, starts } = readHeader(data, hasStartTimes);
  if (total === 0) return 0;
  const bits = new BitCursor(data, 3);
  const layout = readHistogramLayout(bits);
  const state = new FloatState(layout);
  for (let index = 0; index < total; index += 1) {
    const beforeMs = state.timeMs;
    const isStale = state.read(bits, index === 0);
    const startMs = starts.read(bits, index, index === 0 ? state.timeMs : beforeMs);
    sink.histogram(state.timeMs, state.sample(layout), isStale, { startMs, hint: hintOf(first, index) });
  }
  return total;
}

function readHeader(data: Uint8Array, hasStartTimes: boolean): Header {
  if (data.length < 3) throw new Damage('truncated', 'a histogram chunk has no header', 0);
  const count = ((data[0] as number) << 8) | (data[1] as number);
  return {
    total: count & (hasStartTimes ? startTimesMask : plainMask),
    first: flagHints[(data[hasStartTimes ? 0 : 2] as number) >>> 6] as ResetHint,
    starts: new StartTimes(hasStartTimes ? (data[2] as number) : 0),
  };
}

const flagHints: readonly ResetHint[] = [resetHints.unknown, resetHints.notReset, resetHints.reset, resetHints.gauge];

/** Within a chunk of a counter nothing is reset (chunkenc/histogram_meta.go counterResetHint). */
function hintOf(first: ResetHint, index: number): ResetHint {
  return index === 0 || first === resetHints.gauge ? first : resetHints.notReset;
}

/** A number that is stored as a delta of deltas. */
class Counting {
  value: Int64 = 0;
  private delta: Int64 = 0;

  readNext(bits: BitCursor): void {
    this.delta = addInt64(this.delta, bits.wideVarbitInt());
    this.value = addInt64(this.value, this.delta);
  }
}

class IntegerState {
  timeMs = 0;
  private timeDelta = 0;
  private readonly count = new Counting();
  private readonly zeroCount = new Counting();
  private readonly sum = new XorValue();
  /** Differences from one bucket to the next. */
  private readonly positive: readonly Counting[];
  private readonly negative: readonly Counting[];

  constructor(layout: HistogramLayout) {
    this.positive = layout.positive.map(() => new Counting());
    this.negative = layout.negative.map(() => new Counting());
  }

  /** True for a stale marker, which has no buckets. */
  read(bits: BitCursor, isFirst: boolean): boolean {
    if (isFirst) {
      this.timeMs = bits.varbitInt();
      this.count.value = bits.wideVarbitUint();
      this.zeroCount.value = bits.wideVarbitUint();
      this.sum.readWhole(bits);
      for (const bucket of this.positive) bucket.value = bits.wideVarbitInt();
      for (const bucket of this.negative) bucket.value = bits.wideVarbitInt();
      return isStaleMarker(this.sum.high, this.sum.low);
    }
    this.timeDelta += bits.varbitInt();
    this.timeMs = advance(this.timeMs, this.timeDelta);
    this.count.readNext(bits);
    this.zeroCount.readNext(bits);
    this.sum.readNext(bits);
    if (isStaleMarker(this.sum.high, this.sum.low)) return true;
    for (const bucket of this.positive) bucket.readNext(bits);
    for (const bucket of this.negative) bucket.readNext(bits);
    return false;
  }

  sample(layout: HistogramLayout) {
    const { schema, zeroThreshold, customValues } = layout;
    return {
      isFloat: false,
      schema,
      zeroThreshold,
      customValues,
      zeroCount: asUnsigned(this.zeroCount.value),
      count: asUnsigned(this.count.value),
      sum: this.sum.toNumber(),
      positive: absolute(layout.positive, this.positive),
      negative: absolute(layout.negative, this.negative),
    };
  }
}

function absolute(indexes: readonly number[], deltas: readonly Counting[]): Buckets {
  let count: Int64 = 0;
  const buckets: [number, Int64][] = [];
  deltas.forEach((delta, at) => {
    count = addInt64(count, delta.value);
    if (count !== 0) buckets.push([indexes[at] as number, count]);
  });
  return buckets;
}

class FloatState {
  timeMs = 0;
  private timeDelta = 0;
  private readonly count = new XorValue();
  private readonly zeroCount = new XorValue();
  private readonly sum = new XorValue();
  private readonly positive: readonly XorValue[];
  private readonly negative: readonly XorValue[];

  constructor(layout: HistogramLayout) {
    this.positive = layout.positive.map(() => new XorValue());
    this.negative = layout.negative.map(() => new XorValue());
  }

  read(bits: BitCursor, isFirst: boolean): boolean {
    if (isFirst) this.timeMs = bits.varbitInt();
    else {
      this.timeDelta += bits.varbitInt();
      this.timeMs = advance(this.timeMs, this.timeDelta);
    }
    for (const value of [this.count, this.zeroCount, this.sum]) readValue(bits, value, isFirst);
    const isStale = isStaleMarker(this.sum.high, this.sum.low);
    if (isStale && !isFirst) return true;
    for (const value of this.positive) readValue(bits, value, isFirst);
    for (const value of this.negative) readValue(bits, value, isFirst);
    return isStale;
  }

  sample(layout: HistogramLayout) {
    const { schema, zeroThreshold, customValues } = layout;
    return {
      isFloat: true,
      schema,
      zeroThreshold,
      customValues,
      zeroCount: this.zeroCount.toNumber(),
      count: this.count.toNumber(),
      sum: this.sum.toNumber(),
      positive: filled(layout.positive, this.positive),
      negative: filled(layout.negative, this.negative),
    };
  }
}

function readValue(bits: BitCursor, value: XorValue, isFirst: boolean): void {
  if (isFirst) value.readWhole(bits);
  else value.readNext(bits);
}

function filled(indexes: readonly number[], values: readonly XorValue[]): [number, number][] {
  return values
    .map((value, at): [number, number] => [indexes[at] as number, value.toNumber()])
    .filter(([, count]) => count !== 0);
}
