/** The table of references says what a Map says, whatever the references are. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReferenceIndex } from './reference-index.ts';

test('says what a Map says', () => {
  const references = fc.oneof(fc.nat(5000), fc.maxSafeInteger(), fc.constantFrom(0, 2 ** 32, 2 ** 33));
  fc.assert(
    fc.property(fc.array(fc.tuple(references, fc.nat()), { maxLength: 3000 }), references, (given, other) => {
      const index = new ReferenceIndex();
      const map = new Map<number, number>();
      for (const [reference, number] of given) {
        index.set(reference, number);
        map.set(reference, number);
      }
      for (const reference of [...map.keys(), other]) expect(index.get(reference)).toBe(map.get(reference));
      index.clear();
      expect(index.get(given[0]?.[0] ?? 0)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});
