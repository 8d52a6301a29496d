/** A gap is longer than this many usual intervals... */
const intervals = 4;

/** ...and longer than this: nothing shorter is looked for, whatever the interval. */
export const shortestCutMs = 20_000;

/** Where no series has two samples, as long as Prometheus itself looks back for one. */
const unknownCutMs = 300_000;

/** How long nothing may be written before that is a gap (docs/guide/coverage.md). */
export function cutOf(intervalMs: number | null): number {
  return intervalMs === null ? unknownCutMs : Math.max(shortestCutMs, intervals * intervalMs);
}
