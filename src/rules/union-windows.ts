import type { CountedWindow } from '../model/stitch-step.ts';
import type { UnionWindow } from '../model/tsdb-union.ts';

/** The windows of one source. */
export type SourceWindows = readonly CountedWindow[];

/**
 * Windows in which samples of different sources may be at odds: more than one has something there, and not all have the
 * same. With how many samples all hold in it together.
 */
export function windowsInConflict(sources: readonly SourceWindows[]): readonly UnionWindow[] {
  return [...byWindow(sources)]
    .filter(([, found]) => !isAllSame(found.filter((window) => window !== undefined)))
    .map(([fromMs, found]) => ({ fromMs, samples: sizeOf(found) }));
}

export interface JudgedWindows {
  /** What each source holds in windows that the result has in the very same way. */
  readonly settled: readonly number[];
  /** Windows that have to be compared sample by sample. */
  readonly unclear: readonly UnionWindow[];
}

/** Where digest and counts of the result are those of every source that has something in a window, it is kept. */
export function judgeUnionWindows(sources: readonly SourceWindows[], result: SourceWindows): JudgedWindows {
  const settled = sources.map(() => 0);
  const unclear: UnionWindow[] = [];
  const results = new Map(result.map((window) => [window.fromMs, window]));
  const windows = byWindow(sources);
  for (const { fromMs } of result)
    if (!windows.has(fromMs))
      windows.set(
        fromMs,
        sources.map(() => undefined),
      );
  for (const [fromMs, found] of [...windows].sort(([one], [other]) => one - other)) {
    const own = results.get(fromMs);
    const all = found.filter((window) => window !== undefined);
    if (own !== undefined && all.length > 0 && isAllSame([...all, own])) {
      found.forEach((window, number) => (settled[number] = (settled[number] ?? 0) + sizeOf([window])));
    } else unclear.push({ fromMs, samples: sizeOf([...found, own]) });
  }
  return { settled, unclear };
}

type Found = CountedWindow | undefined;

function byWindow(sources: readonly SourceWindows[]): Map<number, Found[]> {
  const windows = new Map<number, Found[]>();
  for (const [number, source] of sources.entries()) {
    for (const window of source) {
      const found = windows.get(window.fromMs) ?? sources.map((): Found => undefined);
      found[number] = window;
      windows.set(window.fromMs, found);
    }
  }
  return windows;
}

/**
 * Stale markers are not in the digest: as many of them, where all else is equal, are taken for the same. At a time at which
 * one source has a marker and another one a sample, the digests differ.
 */
function isAllSame([first, ...others]: readonly CountedWindow[]): boolean {
  return others.every(
    ({ samples, staleMarkers, digest }) =>
      samples === first?.samples && staleMarkers === first.staleMarkers && digest === first.digest,
  );
}

function sizeOf(windows: readonly Found[]): number {
  return windows.reduce((sum, window) => sum + (window?.samples ?? 0) + (window?.staleMarkers ?? 0), 0);
}
