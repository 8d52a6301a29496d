import { ByteCursor } from '../bytes/byte-cursor.ts';
import { asUnsigned, highInt32, lowInt32, type Int64 } from '../bytes/int64.ts';
import {
  isLarge,
  staleHigh,
  staleLow,
  type Buckets,
  type HistogramOrigin,
  type HistogramSample,
  type ResetHint,
} from '../chunk/sample-sink.ts';
import { floatOf, highWordOf, lowWordOf } from '../chunk/xor-value.ts';
import type { ByteWriter } from './byte-writer.ts';

/** A histogram with what is stored beside it. */
export interface HeadHistogram extends HistogramOrigin {
  readonly sample: HistogramSample;
  readonly isStale: boolean;
}

const floatFlag = 1;
const staleFlag = 2;
/** Counts are integers of 64 bits, and not floats. */
const largeFlag = 4;

/** A histogram while it waits in a spool: the hint in the first byte, the value behind it. */
export function writeSpooledHistogram(to: ByteWriter, { sample, isStale, hint }: Omit<HeadHistogram, 'startMs'>): void {
  const hasLarge = !isStale && isLarge(sample);
  to.byte(hint).byte((sample.isFloat ? floatFlag : 0) | (isStale ? staleFlag : 0) | (hasLarge ? largeFlag : 0));
  // Nothing else of a stale marker means anything.
  if (isStale) return;
  to.varint(sample.schema);
  const writeCount = (count: Int64): void => {
    if (typeof count === 'number' && !hasLarge) writeFloat(to, count);
    else to.be32(highInt32(count) >>> 0).be32(lowInt32(count) >>> 0);
  };
  writeFloat(to, sample.zeroThreshold);
  writeCount(sample.zeroCount);
  writeCount(sample.count);
  writeFloat(to, sample.sum);
  for (const buckets of [sample.positive, sample.negative]) {
    to.uvarint(buckets.length);
    for (const [index, count] of buckets) {
      to.varint(index);
      writeCount(count);
    }
  }
  to.uvarint(sample.customValues.length);
  for (const value of sample.customValues) writeFloat(to, value);
}

/** Without reading more of it than is needed. */
export function isSpooledStale(bytes: Uint8Array): boolean {
  return ((bytes[1] as number) & staleFlag) !== 0;
}

export function readSpooledHistogram(bytes: Uint8Array): Omit<HeadHistogram, 'startMs'> {
  const cursor = new ByteCursor(bytes);
  const hint = cursor.byte() as ResetHint;
  const flags = cursor.byte();
  const isFloat = (flags & floatFlag) !== 0;
  if ((flags & staleFlag) !== 0) return { hint, isStale: true, sample: staleHistogram(isFloat) };
  const schema = cursor.varint();
  const areLarge = (flags & largeFlag) !== 0;
  const readCount = areLarge ? (from: ByteCursor) => from.wideBe64() : readFloat;
  const readUnsigned = areLarge ? (from: ByteCursor) => asUnsigned(from.wideBe64()) : readFloat;
  const zeroThreshold = readFloat(cursor);
  const [zeroCount, count] = [readUnsigned(cursor), readUnsigned(cursor)];
  const sum = readFloat(cursor);
  const positive = readBuckets(cursor, readCount);
  const negative = readBuckets(cursor, readCount);
  const customValues = Array.from({ length: cursor.uvarint() }, () => readFloat(cursor));
  const sample = { isFloat, schema, zeroThreshold, zeroCount, count, sum, positive, negative, customValues };
  return { hint, isStale: false, sample };
}

/** True where two of them are the same sample, whatever their hints say. */
export function isSameHistogram(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one.subarray(1), other.subarray(1)) === 0;
}

/** The value of a stale marker: Prometheus writes nothing but the sum. */
export function staleHistogram(isFloat: boolean): HistogramSample {
  const sum = floatOf(staleHigh, staleLow);
  const buckets = { positive: [], negative: [], customValues: [] };
  return { isFloat, schema: 0, zeroThreshold: 0, zeroCount: 0, count: 0, sum, ...buckets };
}

function writeFloat(to: ByteWriter, value: number): void {
  to.be32(highWordOf(value)).be32(lowWordOf(value));
}

function readFloat(cursor: ByteCursor): number {
  return floatOf(cursor.be32(), cursor.be32());
}

function readBuckets(cursor: ByteCursor, readCount: (from: ByteCursor) => Int64): Buckets {
  return Array.from({ length: cursor.uvarint() }, (): [number, Int64] => [cursor.varint(), readCount(cursor)]);
}
