import { Damage } from '../damage.ts';
import type { BitCursor } from '../bytes/bit-cursor.ts';
import { floatOf } from './xor-value.ts';

/** What all samples of a histogram chunk share (chunkenc/histogram_meta.go). */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  /** Index of each bucket that the chunk has a count for. */
  readonly positive: readonly number[];
  readonly negative: readonly number[];
  readonly customValues: readonly number[];
}

const customBucketsSchema = -53;
/** A chunk is cut long before; without a limit, four bytes could ask for gigabytes. */
const mostBuckets = 1 << 20;

export function readHistogramLayout(bits: BitCursor): HistogramLayout {
  const zeroThreshold = readZeroThreshold(bits);
  const schema = bits.varbitInt();
  const isExponential = schema >= -4 && schema <= 8;
  if (!isExponential && schema !== customBucketsSchema) {
    throw new Damage('unknown-encoding', `histogram schema ${schema} is not known`, 0);
  }
  const positive = readSpans(bits);
  const negative = readSpans(bits);
  const customValues = schema === customBucketsSchema ? readCustomValues(bits) : [];
  return { schema, zeroThreshold, positive, negative, customValues };
}

function readZeroThreshold(bits: BitCursor): number {
  const byte = bits.read(8);
  if (byte === 0) return 0;
  if (byte === 255) return floatOf(bits.read(32), bits.read(32));
  return 2 ** (byte - 244);
}

function readSpans(bits: BitCursor): readonly number[] {
  const spans = bits.varbitUint();
  const buckets: number[] = [];
  let index = 0;
  for (let span = 0; span < spans; span += 1) {
    const length = bits.varbitUint();
    index += bits.varbitInt();
    if (length > mostBuckets - buckets.length) throw new Damage('out-of-range', 'a histogram has too many buckets', 0);
    for (let count = 0; count < length; count += 1) buckets.push(index++);
  }
  return buckets;
}

function readCustomValues(bits: BitCursor): readonly number[] {
  const count = bits.varbitUint();
  if (count > mostBuckets) throw new Damage('out-of-range', 'a histogram has too many bounds', 0);
  const values: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const thousandths = bits.varbitUint();
    values.push(thousandths === 0 ? floatOf(bits.read(32), bits.read(32)) : (thousandths - 1) / 1000);
  }
  return values;
}
