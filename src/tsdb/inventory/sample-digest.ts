import { createHash } from 'node:crypto';
import { highInt32, lowInt32, type Int64 } from '../bytes/int64.ts';
import { isLarge, type HistogramSample } from '../chunk/sample-sink.ts';
import { highWordOf, lowWordOf } from '../chunk/xor-value.ts';

/** What a series brings into the digest of each of its samples: two words of 32 bits (docs/format/digest.md). */
export interface SeriesSeed {
  readonly a: number;
  readonly b: number;
}

/** The first eight bytes of SHA-256 over the labels, each name and value behind its length as four bytes, big-endian. */
export function seedOfLabels(labels: readonly Uint8Array[]): SeriesSeed {
  const hash = createHash('sha256');
  const length = Buffer.alloc(4);
  for (const part of labels) {
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  const digest = hash.digest();
  return { a: digest.readUInt32BE(0), b: digest.readUInt32BE(4) };
}

/** MurmurHash3's constants for a word; two lanes that differ in their seeds and in the order of theirs. */
const c1 = 0xcc9e2d51;
const c2 = 0x1b873593;
const c3 = 0x85ebca6b;
const c4 = 0xc2b2ae35;

/** Takes one word into a lane. */
function mix(lane: number, word: number): number {
  let value = Math.imul(word, c1);
  value = Math.imul((value << 15) | (value >>> 17), c2);
  const mixed = lane ^ value;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads each bit of a lane over all of it (fmix32). */
function finish(lane: number): number {
  let value = lane ^ (lane >>> 16);
  value = Math.imul(value, c3);
  value ^= value >>> 13;
  value = Math.imul(value, c4);
  return (value ^ (value >>> 16)) >>> 0;
}

export const lane2 = 0x9e3779b9;

/** The hash of one sample, as two unsigned words that are left in `hashed`. No object is made: this runs for each sample. */
export const hashed = { a: 0, b: 0 };

/** A float: the lower and upper half of the time, and of the value's bits. */
export function hashFloat(seed: SeriesSeed, timeMs: number, high: number, low: number): void {
  const upper = Math.floor(timeMs / 2 ** 32) | 0;
  const lower = timeMs | 0;
  hashed.a = finish(mix(mix(mix(mix(seed.a, lower), upper), low), high));
  hashed.b = finish(mix(mix(mix(mix(seed.b ^ lane2, low), high), lower), upper));
}

/** A histogram in its canonical form: counts as floats unless one is too large for that, empty buckets and reset hints left out. */
export function hashHistogram(seed: SeriesSeed, timeMs: number, sample: HistogramSample): void {
  let a = mix(seed.a, timeMs | 0);
  let b = mix(seed.b ^ lane2, timeMs | 0);
  const word = (value: number): void => {
    a = mix(a, value);
    b = mix(b, value ^ 0x5bd1e995);
  };
  const float = (value: number): void => {
    word(lowWordOf(value));
    word(highWordOf(value));
  };
  const hasLarge = isLarge(sample);
  const amount = (value: Int64): void => {
    word(hasLarge ? lowInt32(value) : lowWordOf(value as number));
    word(hasLarge ? highInt32(value) : highWordOf(value as number));
  };
  word(Math.floor(timeMs / 2 ** 32) | 0);
  word(sample.isFloat ? 3 : hasLarge ? 4 : 2);
  word(sample.schema);
  float(sample.zeroThreshold);
  amount(sample.zeroCount);
  amount(sample.count);
  float(sample.sum);
  for (const buckets of [sample.positive, sample.negative]) {
    word(buckets.length);
    for (const [index, count] of buckets) {
      word(index);
      amount(count);
    }
  }
  word(sample.customValues.length);
  for (const value of sample.customValues) float(value);
  hashed.a = finish(a);
  hashed.b = finish(b);
}
