import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newRunId, parseRunId } from './new-run-id.ts';

test('says when and what', () => {
  expect(newRunId('rebuild', Date.UTC(2026, 10, 24, 2, 15), '7f3a')).toBe('20261124T021500Z-rebuild-7f3a');
  expect(parseRunId('20261124T021500Z-rebuild-7f3a')).toEqual({ verb: 'rebuild', atMs: Date.UTC(2026, 10, 24, 2, 15) });
  expect(parseRunId('20261124T021500Z-dance-7f3a')).toBeUndefined();
  expect(parseRunId('20261399T021500Z-up-7f3a')).toBeUndefined();
});

test('ids sort by time', () => {
  const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
  fc.assert(
    fc.property(time, time, (a, b) => {
      fc.pre(Math.floor(a / 1000) < Math.floor(b / 1000));
      expect(newRunId('up', a, 'ffff') < newRunId('down', b, '0000')).toBe(true);
    }),
  );
});
