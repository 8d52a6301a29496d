/** What the encoders of histograms and of start times write, the decoders read back to the last bit, whatever it is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Int64 } from '../bytes/int64.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { isStaleMarker, resetHints, staleHigh, staleLow, type ResetHint } from '../chunk/sample-sink.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import type { ChunkToWrite } from './chunk-writer.ts';
import type { HistogramInChunk } from './histogram-encoder.ts';
import { ByteWriter } from './byte-writer.ts';
import type { SpooledSample } from './sample-fragment.ts';
import { staleHistogram, writeSpooledHistogram } from './spooled-histogram.ts';
import { samplesIn } from './block-writer.ts';

type Stored = readonly [timeMs: number, startMs: number, value: unknown];

const steps = fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 2 ** 40 }));
const starts = fc.oneof(fc.constant(0), fc.constant(1_700_000_000_000), fc.integer({ min: -(2 ** 42), max: 2 ** 42 }));
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const floats = fc.oneof(
  fc.tuple(word, word),
  fc.constantFrom([staleHigh, staleLow], [0, 0], [0x40590000, 0], [0x40590000, 1]) as fc.Arbitrary<[number, number]>,
);

const counts = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
/** Those that a double does not hold are bigints. */
const largeCounts = (bits: bigint) =>
  fc.oneof(
    { weight: 9, arbitrary: counts },
    { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 53n, max: 2n ** bits - 1n }) },
  );
const floatCounts = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.double({ noNaN: true }).filter((value) => value !== 0),
);

function buckets(count: fc.Arbitrary<Int64>) {
  const one = fc.tuple(fc.integer({ min: -40, max: 40 }), count);
  return fc
    .uniqueArray(one, { maxLength: 12, selector: ([index]) => index })
    .map((all) => all.sort(([left], [right]) => left - right));
}

/** From few layouts, so that some go into one chunk. */
function histograms(isFloat: boolean): fc.Arbitrary<Pick<HistogramInChunk, 'sample' | 'isStale' | 'hint'>> {
  const count = isFloat ? floatCounts : largeCounts(64n);
  const inBucket = isFloat ? floatCounts : largeCounts(63n);
  const custom = fc.constantFrom([0.5, 1, 2.5], [-1, 0.0001, 1e9, 33_554.43, 33_554.431]);
  const sample = fc.record({
    isFloat: fc.constant(isFloat),
    schema: fc.constantFrom(3, 3, 3, -4, 8),
    zeroThreshold: fc.constantFrom(0, 2 ** -128, 2 ** -128, 2 ** -243, 2 ** 10, 0.3, 2 ** -244, 2 ** 11),
    zeroCount: count,
    count,
    sum: fc.double({ noNaN: true }),
    positive: buckets(inBucket),
    negative: buckets(inBucket),
    customValues: fc.constant<readonly number[]>([]),
  });
  const hint = fc.constantFrom<ResetHint>(...Object.values(resetHints));
  const exponential = fc.record({ sample, isStale: fc.constant(false), hint });
  const ofCustom = fc.tuple(exponential, custom).map(([all, customValues]) => ({
    ...all,
    sample: { ...all.sample, schema: -53, zeroThreshold: 0, negative: [], customValues },
  }));
  const stale = fc.constant({ sample: staleHistogram(isFloat), isStale: true, hint: resetHints.unknown });
  return fc.oneof({ weight: 5, arbitrary: exponential }, { weight: 2, arbitrary: ofCustom }, stale);
}

const values = fc.oneof(
  floats.map(([high, low]) => ({ high, low })),
  histograms(false),
  histograms(true),
);

describe('chunks of floats and histograms with start times', () => {
  test('hold the samples that they were made of', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 42), max: 2 ** 42 }),
        fc.array(fc.tuple(steps, starts, fc.array(values, { minLength: 1, maxLength: 3 })), { maxLength: 150 }),
        (fromMs, given) => {
          let timeMs = fromMs;
          const samples = given.flatMap(([stepMs, startMs, own]) =>
            own.map((value) => ({ timeMs: (timeMs += stepMs), startMs, value })),
          );
          const chunks = build(samples.map(({ value, ...times }) => ({ ...times, ...spooled(value) })));
          expect(chunks.flatMap(decoded)).toEqual(expected(samples));
        },
      ),
    );
  });

  test('a counter that only grows, with buckets that come, is in chunks of 120 that say that nothing was reset', () => {
    const samples = Array.from({ length: 300 }, (_, index) => ({
      timeMs: index * 1000,
      startMs: 0,
      ...spooled({
        sample: {
          ...staleHistogram(false),
          count: 10 * index,
          sum: index,
          positive: Array.from({ length: 1 + Math.floor(index / 50) }, (__, at): [number, number] => [at, index + 1]),
        },
        isStale: false,
        hint: resetHints.unknown,
      }),
    }));
    const chunks = build(samples);
    expect(chunks.map((chunk) => samplesIn(chunk))).toEqual([120, 120, 60]);
    expect(chunks.map(({ data }) => (data[2] as number) >>> 6)).toEqual([0b00, 0b01, 0b01]);
  });
});

function spooled(
  value: { readonly high: number; readonly low: number } | Omit<HistogramInChunk, 'timeMs' | 'startMs'>,
) {
  if ('high' in value) return { ...value, histogram: undefined };
  const writer = new ByteWriter();
  writeSpooledHistogram(writer, value);
  return { high: 0, low: 0, histogram: Uint8Array.from(writer.written) };
}

function build(samples: readonly SpooledSample[]): readonly ChunkToWrite[] {
  const builder = new ChunkBuilder();
  const chunks = samples.map((sample) => builder.add(sample, false));
  return [...chunks, builder.finish()].filter((chunk) => chunk !== undefined);
}

/** Of a stale marker only that it is one: whether float or histogram is decided by what is before it. */
function expected(
  samples: readonly {
    readonly timeMs: number;
    readonly startMs: number;
    readonly value: { readonly high: number; readonly low: number } | Omit<HistogramInChunk, 'timeMs' | 'startMs'>;
  }[],
): readonly Stored[] {
  return samples.map(({ timeMs, startMs, value }): Stored => {
    if ('high' in value)
      return [timeMs, startMs, isStaleMarker(value.high, value.low) ? 'stale' : [value.high, value.low]];
    return [timeMs, startMs, value.isStale ? 'stale' : value.sample];
  });
}

function decoded({ encoding, data, minTime, maxTime }: ChunkToWrite): readonly Stored[] {
  const samples: Stored[] = [];
  const count = decodeChunk(encoding, data, {
    float: (timeMs, high, low, startMs = 0) =>
      samples.push([timeMs, startMs, isStaleMarker(high, low) ? 'stale' : [high, low]]),
    histogram: (timeMs, sample, isStale, origin) =>
      samples.push([timeMs, origin?.startMs ?? 0, isStale ? 'stale' : sample]),
  });
  expect([count, samples[0]?.[0], samples.at(-1)?.[0]]).toEqual([samples.length, minTime, maxTime]);
  expect(samplesIn({ encoding, data, minTime, maxTime })).toBe(count);
  return samples;
}
