import { windowMs } from './window-table.ts';

/**
 * Cuts time into the stretches that samples are added up in: windows of two hours, and the one that a cut falls into in
 * two, so that what it holds up to then can be told apart.
 */
export class WindowGrid {
  /** Inclusive; null for no cut. */
  readonly cutMs: number | null;
  private readonly cutFromMs: number;

  constructor(cutMs: number | null = null) {
    this.cutMs = cutMs;
    this.cutFromMs = cutMs === null ? NaN : windowStart(cutMs);
  }

  /** Where the stretch of a time begins: at two hours, or right behind the cut. */
  startOf(timeMs: number): number {
    const fromMs = windowStart(timeMs);
    return fromMs === this.cutFromMs && timeMs > (this.cutMs as number) ? (this.cutMs as number) + 1 : fromMs;
  }

  /** Exclusive end of the stretch that begins there. */
  endOf(startMs: number): number {
    return startMs === this.cutFromMs ? (this.cutMs as number) + 1 : windowStart(startMs) + windowMs;
  }

  isCutStretch(startMs: number): boolean {
    return startMs === this.cutFromMs;
  }

  isAfterCut(startMs: number): boolean {
    return this.cutMs !== null && startMs > this.cutMs;
  }
}

export function windowStart(timeMs: number): number {
  return Math.floor(timeMs / windowMs) * windowMs;
}
