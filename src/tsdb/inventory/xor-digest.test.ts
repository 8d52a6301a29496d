/**
 * The kernel that decodes and hashes XOR chunks says what the decoder in TypeScript says, sample for sample: of whole chunks,
 * of chunks with changed bits, of cut ones and of mere noise, down to the same damage at the same byte.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kernelBuffer } from '../bytes/kernel-memory.ts';
import { Damage } from '../damage.ts';
import { XorEncoder } from '../write/xor-encoder.ts';
import { ConflictSums } from './conflict-sums.ts';
import { LateSamples } from './late-samples.ts';
import { SeriesAccumulator } from './series-accumulator.ts';
import type { SeriesSums, SeriesTally } from './tally.ts';
import { WindowGrid } from './window-grid.ts';

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const values = fc.oneof(
  fc.tuple(word, word),
  fc.constantFrom([0x7ff00000, 2], [0x7ff80000, 1], [0x80000000, 0], [0, 0], [0x40590000, 0] as [number, number]),
);
const steps = fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 2 ** 41 }));
const chunks = fc
  .tuple(
    fc.integer({ min: -(2 ** 42), max: 2 ** 42 }),
    fc.array(fc.tuple(steps, values), { minLength: 1, maxLength: 200 }),
  )
  .map(([startMs, samples]) => {
    const encoder = new XorEncoder();
    let timeMs = startMs;
    for (const [stepMs, [high, low]] of samples) encoder.add((timeMs += stepMs), high, low);
    return encoder.finish();
  });
const seeds = fc.record({ a: word, b: word });
const cuts = fc.oneof(fc.constant(null), fc.integer({ min: -(2 ** 42), max: 2 ** 43 }));

describe('the kernel and the decoder say the same', () => {
  test('of whole chunks', () => {
    fc.assert(
      fc.property(fc.array(chunks, { minLength: 1, maxLength: 3 }), seeds, cuts, (data, seed, cutMs) => {
        const fast = count(data, { seed, cutMs, isFast: true });
        expect(fast).toEqual(count(data, { seed, cutMs }));
        expect(fast.damages).toEqual([]);
      }),
    );
  });

  test('of chunks with a changed bit, and of cut ones', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { maxLength: 3 });
    fc.assert(
      fc.property(chunks, changes, fc.nat(), seeds, (data, flips, length, seed) => {
        const changed = data.slice(0, length % 3 === 0 ? length % (data.length + 1) : data.length);
        for (const [at, bit] of flips) {
          if (changed.length > 0) changed[at % changed.length] = (changed[at % changed.length] as number) ^ (1 << bit);
        }
        expect(count([changed], { seed, cutMs: null, isFast: true })).toEqual(count([changed], { seed, cutMs: null }));
      }),
      { numRuns: 1500 },
    );
  });

  test('of noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), seeds, (noise, seed) => {
        const few = noise.slice();
        if (few.length > 1) few[0] = 0;
        expect(count([few], { seed, cutMs: null, isFast: true })).toEqual(count([few], { seed, cutMs: null }));
      }),
      { numRuns: 1500 },
    );
  });
});

/** At the very end of the last buffer: what lies behind it is read, and must not matter. Others are copied there. */
function inKernel(data: Uint8Array): Uint8Array {
  const buffer = kernelBuffer(1);
  const place = buffer.subarray(buffer.length - data.length);
  place.set(data);
  return place;
}

interface Counting {
  readonly seed: { readonly a: number; readonly b: number };
  readonly cutMs: number | null;
  readonly isFast?: boolean;
}

function count(data: readonly Uint8Array[], { seed, cutMs, isFast = false }: Counting) {
  const told: (SeriesSums & { readonly startMs: number })[] = [];
  const tally: SeriesTally = {
    grid: new WindowGrid(cutMs),
    addSeries: (startMs, job, { a, b }, sums) => {
      expect([job, a, b]).toEqual(['job', seed.a, seed.b]);
      // First and last mean nothing where there are none.
      const { samples, firstMs, lastMs } = sums;
      told.push({ startMs, ...sums, firstMs: samples > 0 ? firstMs : 0, lastMs: samples > 0 ? lastMs : 0 });
    },
    addOutOfOrder: () => undefined,
  };
  const accumulator = new SeriesAccumulator(tally, new LateSamples(), new ConflictSums());
  const damages: string[] = [];
  // What has tombstones, be it that they delete nothing, is decoded in TypeScript.
  accumulator.begin(seed, 'job', isFast ? undefined : [[1, 0]]);
  for (const one of data) {
    try {
      accumulator.chunk(1, isFast && one.length % 2 === 0 ? inKernel(one) : one);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      damages.push(`${error.rule} ${error.offset} ${error.message}`);
    }
  }
  accumulator.end();
  return { told, damages };
}
