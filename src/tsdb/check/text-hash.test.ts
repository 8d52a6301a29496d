/** Texts are compared and hashed in place, millions of them: as Buffer does it, and wherever they lie. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareText, hashOf, TextPlace } from './text-hash.ts';

const text = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc.string().map((one) => Uint8Array.from(Buffer.from(one))),
);

/** In the middle of other bytes. */
function within(bytes: Uint8Array, at: number): TextPlace {
  const place = new TextPlace(Buffer.concat([Buffer.alloc(at, 7), bytes, Buffer.alloc(3, 9)]));
  place.set(at, at + bytes.length);
  return place;
}

describe('texts in place', () => {
  test('have the order that Buffer gives them', () => {
    fc.assert(
      fc.property(text, text, fc.nat(5), fc.nat(5), (one, other, at, otherAt) => {
        const order = compareText(within(one, at), within(other, otherAt));
        expect(Math.sign(order)).toBe(Buffer.compare(one, other));
      }),
    );
  });

  test('have a hash that is of the text alone, unlike that of another', () => {
    fc.assert(
      fc.property(text, text, fc.nat(5), (one, other, at) => {
        const place = within(one, at);
        const hash = hashOf(place.bytes, place.from, place.to);
        expect(hash).toBe(hashOf(one));
        if (!Buffer.from(one).equals(other)) expect(hash).not.toBe(hashOf(other));
      }),
    );
    expect(hashOf(new Uint8Array(0))).toBe(0);
  });

  test('a hundred thousand that look alike have as many hashes, but for what chance makes equal', () => {
    const hashes = new Set(Array.from({ length: 100_000 }, (_, number) => hashOf(Buffer.from(`pod-${number}-x7f`))));
    // Of 100,000 in 2^32 one pair is expected to meet.
    expect(hashes.size).toBeGreaterThan(99_990);
  });
});
