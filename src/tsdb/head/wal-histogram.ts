import type { ByteCursor } from '../bytes/byte-cursor.ts';
import { addInt64, lowInt32, type Int64 } from '../bytes/int64.ts';
import { resetHints, type Buckets, type HistogramSample, type ResetHint } from '../chunk/sample-sink.ts';
import { floatOf } from '../chunk/xor-value.ts';
import { Damage } from '../damage.ts';

const customBucketsSchema = -53;

export interface WalHistogram {
  readonly sample: HistogramSample;
  /** How the counter was reset is no part of the sample: merging chunks changes it. */
  readonly hint: ResetHint;
}

/** A histogram as a WAL record holds it (record.go DecodeHistogram, DecodeFloatHistogram). */
export function readWalHistogram(cursor: ByteCursor, isFloat: boolean): WalHistogram {
  const hint = cursor.byte();
  const schema = lowInt32(cursor.wideVarint());
  const zeroThreshold = readFloat(cursor);
  const zeroCount = isFloat ? readFloat(cursor) : cursor.wideUvarint();
  const count = isFloat ? readFloat(cursor) : cursor.wideUvarint();
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

/** Of as many buckets as could follow: each takes a byte at least. */
function readSpans(cursor: ByteCursor): readonly number[] {
  const spans = cursor.uvarint();
  const indexes: number[] = [];
  let index = 0;
  for (let span = 0; span < spans; span += 1) {
    index += lowInt32(cursor.wideVarint());
    const length = lowInt32(cursor.wideUvarint()) >>> 0;
    const wanted = Math.min(length, cursor.left - indexes.length);
    for (let bucket = 0; bucket < wanted; bucket += 1) indexes.push(index + bucket);
    index += length;
  }
  return indexes;
}

/** Each bucket as the difference to the one before. */
function readIntegerBuckets(cursor: ByteCursor, indexes: readonly number[]): Buckets {
  let count: Int64 = 0;
  return collectBuckets(cursor, indexes, () => (count = addInt64(count, cursor.wideVarint())));
}

function readFloatBuckets(cursor: ByteCursor, indexes: readonly number[]): Buckets {
  return collectBuckets(cursor, indexes, () => readFloat(cursor));
}

function collectBuckets(cursor: ByteCursor, indexes: readonly number[], read: () => Int64): Buckets {
  const total = cursor.uvarint();
  if (total > cursor.left)
    throw new Damage('bad-structure', 'a histogram counts more buckets than it holds', cursor.at);
  const buckets: [number, Int64][] = [];
  for (let at = 0; at < total; at += 1) {
    const count = read();
    const index = indexes[at];
    // What lies in no span is read over, as Prometheus reads the record.
    if (index !== undefined && count !== 0) buckets.push([index, count]);
  }
  return buckets;
}

function readFloats(cursor: ByteCursor): readonly number[] {
  const total = cursor.uvarint();
  if (total * 8 > cursor.left)
    throw new Damage('bad-structure', 'a histogram counts more bounds than it holds', cursor.at);
  return Array.from({ length: total }, () => readFloat(cursor));
}
