import type { ByteCursor } from '../bytes/byte-cursor.ts';
import { resetHints, type HistogramSample, type ResetHint } from '../chunk/sample-sink.ts';
import { floatOf } from '../chunk/xor-value.ts';
import { Damage } from '../damage.ts';

const customBucketsSchema = -53;
const mostBuckets = 1 << 20;

export interface WalHistogram {
  readonly sample: HistogramSample;
  /** How the counter was reset is no part of the sample: merging chunks changes it. */
  readonly hint: ResetHint;
}

/** A histogram as a WAL record holds it (record.go DecodeHistogram, DecodeFloatHistogram). */
export function readWalHistogram(cursor: ByteCursor, isFloat: boolean): WalHistogram {
  const hint = cursor.byte();
  const schema = cursor.varint();
  const zeroThreshold = readFloat(cursor);
  const zeroCount = isFloat ? readFloat(cursor) : cursor.uvarint();
  const count = isFloat ? readFloat(cursor) : cursor.uvarint();
  const sum = readFloat(cursor);
  const positiveIndexes = readSpans(cursor);
  const negativeIndexes = readSpans(cursor);
  const readBuckets = isFloat ? readFloatBuckets : readIntegerBuckets;
  const positive = readBuckets(cursor, positiveIndexes);
  const negative = readBuckets(cursor, negativeIndexes);
  const customValues = schema === customBucketsSchema ? readFloats(cursor) : [];
  return {
    sample: { isFloat, schema, zeroThreshold, zeroCount, count, sum, positive, negative, customValues },
    hint: isResetHint(hint) ? hint : resetHints.unknown,
  };
}

function isResetHint(byte: number): byte is ResetHint {
  return byte <= resetHints.gauge;
}

function readFloat(cursor: ByteCursor): number {
  return floatOf(cursor.be32(), cursor.be32());
}

function readSpans(cursor: ByteCursor): readonly number[] {
  const spans = cursor.uvarint();
  const indexes: number[] = [];
  let index = 0;
  for (let span = 0; span < spans; span += 1) {
    index += cursor.varint();
    const length = cursor.uvarint();
    if (length > mostBuckets - indexes.length)
      throw new Damage('out-of-range', 'a histogram has too many buckets', cursor.at);
    for (let bucket = 0; bucket < length; bucket += 1) indexes.push(index++);
  }
  return indexes;
}

/** Each bucket as the difference to the one before. */
function readIntegerBuckets(cursor: ByteCursor, indexes: readonly number[]): [number, number][] {
  let count = 0;
  return collectBuckets(cursor, indexes, () => (count += cursor.varint()));
}

function readFloatBuckets(cursor: ByteCursor, indexes: readonly number[]): [number, number][] {
  return collectBuckets(cursor, indexes, () => readFloat(cursor));
}

function collectBuckets(cursor: ByteCursor, indexes: readonly number[], read: () => number): [number, number][] {
  const total = cursor.uvarint();
  if (total > cursor.left)
    throw new Damage('bad-structure', 'a histogram counts more buckets than it holds', cursor.at);
  const buckets: [number, number][] = [];
  for (let at = 0; at < total; at += 1) {
    const count = read();
    const index = indexes[at];
    if (index === undefined) throw new Damage('bad-structure', 'a bucket lies in no span', cursor.at);
    if (count !== 0) buckets.push([index, count]);
  }
  return buckets;
}

function readFloats(cursor: ByteCursor): readonly number[] {
  const total = cursor.uvarint();
  if (total * 8 > cursor.left)
    throw new Damage('bad-structure', 'a histogram counts more bounds than it holds', cursor.at);
  return Array.from({ length: total }, () => readFloat(cursor));
}
