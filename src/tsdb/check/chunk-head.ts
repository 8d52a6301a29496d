import { Damage } from '../damage.ts';

/** chunkenc/chunk.go Encoding, as far as 3.14 knows them. */
const lastEncoding = 6;
const encodings = { histogramSt: 5, floatHistogramSt: 6 } as const;
/** The two upper bits hold the counter reset there. */
const countMaskSt = 0x3fff;

/** Throws Damage for an encoding that is not known. */
export function requireEncoding(encoding: number): void {
  if (encoding >= 1 && encoding <= lastEncoding) return;
  throw new Damage('unknown-encoding', `chunk encoding ${encoding} is not known`, 0);
}

/** The number of samples, which every encoding begins its data with: `high` and `low` are its first two bytes. */
export function sampleCount(encoding: number, high: number, low: number): number {
  const count = (high << 8) | low;
  return encoding === encodings.histogramSt || encoding === encodings.floatHistogramSt ? count & countMaskSt : count;
}
