import type { HistogramLayout } from '../chunk/histogram-layout.ts';
import { highWordOf, lowWordOf } from '../chunk/xor-value.ts';
import type { BitWriter } from './bit-writer.ts';
import { writeVarbitInt, writeVarbitUint } from './varbit-writer.ts';

export type ChunkLayout = HistogramLayout;

export const customBucketsSchema = -53;

/** Writes what all histograms of a chunk share (chunkenc/histogram_meta.go); the counterpart of readHistogramLayout. */
export function writeHistogramLayout(bits: BitWriter, layout: ChunkLayout): void {
  writeZeroThreshold(bits, layout.zeroThreshold);
  writeVarbitInt(bits, layout.schema);
  writeSpans(bits, layout.positive);
  writeSpans(bits, layout.negative);
  if (layout.schema !== customBucketsSchema) return;
  writeVarbitUint(bits, layout.customValues.length);
  for (const bound of layout.customValues) writeCustomBound(bits, bound);
}

/** One byte for 0 and for powers of two from 2^-243 to 2^10. */
function writeZeroThreshold(bits: BitWriter, threshold: number): void {
  const [high, low] = [highWordOf(threshold), lowWordOf(threshold)];
  const exponent = (high >>> 20) - 1023;
  if (high === 0 && low === 0) bits.write(0, 8);
  else if ((high & 0xfffff) === 0 && low === 0 && exponent >= -243 && exponent <= 10) bits.write(exponent + 244, 8);
  else {
    bits.write(255, 8);
    bits.writeLong(high, low, 64);
  }
}

/** Runs of indexes, each with its length and its distance from the end of the one before. */
function writeSpans(bits: BitWriter, indexes: readonly number[]): void {
  const spans: { readonly from: number; to: number }[] = [];
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last?.to === index) last.to = index + 1;
    else spans.push({ from: index, to: index + 1 });
  }
  writeVarbitUint(bits, spans.length);
  let endBefore = 0;
  for (const { from, to } of spans) {
    writeVarbitUint(bits, to - from);
    writeVarbitInt(bits, from - endBefore);
    endBefore = to;
  }
}

const mostThousandths = 33_554_430;

/** Thousandths and one where they are whole, else a 0 bit and the bound. */
function writeCustomBound(bits: BitWriter, bound: number): void {
  const thousandths = Math.round(bound * 1000);
  const isShort = bound * 1000 >= 0 && bound * 1000 <= mostThousandths && Object.is(thousandths / 1000, bound);
  if (isShort) writeVarbitUint(bits, thousandths + 1);
  else {
    bits.write(0, 1);
    bits.writeLong(highWordOf(bound), lowWordOf(bound), 64);
  }
}
