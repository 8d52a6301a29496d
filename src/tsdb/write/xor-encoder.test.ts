/** What the encoders write, the decoders read back to the last bit, NaNs and stale markers among it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { decodeXor } from '../chunk/xor.ts';
import { ByteWriter } from './byte-writer.ts';
import { XorEncoder } from './xor-encoder.ts';

type Sample = readonly [timeMs: number, high: number, low: number];

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const bits = fc.oneof(
  fc.tuple(word, word),
  fc.constantFrom([0x7ff00000, 2], [0x7ff80000, 1], [0x80000000, 0], [0, 0], [0x40590000, 0] as [number, number]),
);
const steps = fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 2 ** 41 }));

describe('XOR chunks', () => {
  test('are read back as they were written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 42), max: 2 ** 42 }),
        fc.array(fc.tuple(steps, bits), { minLength: 1, maxLength: 200 }),
        (startMs, given) => {
          let timeMs = startMs;
          const samples = given.map(([stepMs, [high, low]]): Sample => [(timeMs += stepMs), high, low]);
          expect(decoded(encoded(samples))).toEqual(samples);
        },
      ),
    );
  });
});

describe('numbers', () => {
  test('are read back as they were written', () => {
    const large = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
    fc.assert(
      fc.property(fc.array(large), (numbers) => {
        const writer = new ByteWriter();
        for (const number of numbers) writer.varint(number).uvarint(Math.abs(number)).be64(number);
        const cursor = new ByteCursor(Uint8Array.from(writer.written));
        const read = numbers.map(() => [cursor.varint(), cursor.uvarint(), cursor.be64()]);
        expect(read).toEqual(numbers.map((number) => [number, Math.abs(number), number]));
        expect(cursor.left).toBe(0);
      }),
    );
  });
});

function encoded(samples: readonly Sample[]): Uint8Array {
  const encoder = new XorEncoder();
  for (const [timeMs, high, low] of samples) encoder.add(timeMs, high, low);
  return encoder.finish();
}

function decoded(data: Uint8Array): readonly Sample[] {
  const samples: Sample[] = [];
  decodeXor(data, {
    float: (timeMs, high, low) => samples.push([timeMs, high, low]),
    histogram: () => {
      throw new Error('A histogram in an XOR chunk.');
    },
  });
  return samples;
}
