import { describe, expect, it } from 'vitest';
import { renderRetention } from './prometheus-retention.ts';

const dayMs = 86_400_000;

describe('renderRetention', () => {
  it.each([
    [{ timeMs: 15 * dayMs, sizeBytes: 0 }, { time: '15d' }],
    [
      { timeMs: 15 * dayMs + 1.5, sizeBytes: 1000.2 },
      { time: '15d2ms', size: '1001B' },
    ],
    [{ timeMs: 0, sizeBytes: 0 }, { time: '36500d' }],
    [
      { timeMs: 0, sizeBytes: 5 },
      { time: '36500d', size: '5B' },
    ],
    [{ timeMs: 200 * 365 * dayMs, sizeBytes: 0 }, { time: '36500d' }],
  ])('%j', (retention, expected) => {
    expect(renderRetention(retention)).toEqual(expected);
  });
});
