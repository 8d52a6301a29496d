import type { TsdbWindow } from '../../model/tsdb-inventory.ts';

/** Two hours, aligned to the epoch: what an inventory is counted in. */
export const windowMs = 7_200_000;

/** The sums of one window while they are made. */
export interface WindowSums {
  /** Of the window of two hours. */
  readonly fromMs: number;
  series: number;
  samples: number;
  staleMarkers: number;
  a: number;
  b: number;
  firstMs: number;
  lastMs: number;
}

/** Sums by window. The sum over hashed samples does not depend on the order in which they come. */
export class WindowTable {
  private readonly windows = new Map<number, WindowSums>();
  /** Of the window that a cut falls into, what is before it. */
  cut: WindowSums | undefined;

  at(timeMs: number): WindowSums {
    const fromMs = Math.floor(timeMs / windowMs) * windowMs;
    let window = this.windows.get(fromMs);
    if (window === undefined) {
      window = emptySums(fromMs);
      this.windows.set(fromMs, window);
    }
    return window;
  }

  listSums(): readonly WindowSums[] {
    return [...this.windows.values()];
  }

  /** Adds what another table has of a window. */
  add(sums: WindowSums): void {
    const window = this.at(sums.fromMs);
    window.series += sums.series;
    addTo(window, sums);
  }

  /** Windows that hold a sample, by time. */
  list(): readonly TsdbWindow[] {
    return [...this.windows.values()]
      .filter(({ samples, staleMarkers }) => samples > 0 || staleMarkers > 0)
      .sort((one, other) => one.fromMs - other.fromMs)
      .map((sums) => toWindow(sums, sums.fromMs + windowMs));
  }
}

export function addTo(window: WindowSums, sums: Omit<WindowSums, 'fromMs' | 'series'>): void {
  window.samples += sums.samples;
  window.staleMarkers += sums.staleMarkers;
  window.a = (window.a + sums.a) >>> 0;
  window.b = (window.b + sums.b) >>> 0;
  if (sums.samples === 0) return;
  window.firstMs = Math.min(window.firstMs, sums.firstMs);
  window.lastMs = Math.max(window.lastMs, sums.lastMs);
}

export function emptySums(fromMs: number): WindowSums {
  return { fromMs, series: 0, samples: 0, staleMarkers: 0, a: 0, b: 0, firstMs: Infinity, lastMs: -Infinity };
}

export function toWindow(sums: WindowSums, toMs: number): TsdbWindow {
  return {
    fromMs: sums.fromMs,
    toMs,
    series: sums.series,
    samples: sums.samples,
    staleMarkers: sums.staleMarkers,
    digest: digestOf(sums),
    firstMs: sums.samples === 0 ? null : sums.firstMs,
    lastMs: sums.samples === 0 ? null : sums.lastMs,
  };
}

export function digestOf({ a, b }: { readonly a: number; readonly b: number }): string {
  return hex(a) + hex(b);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
