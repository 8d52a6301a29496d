import type { StepProgress } from '../model/handler.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';

export interface CountLook {
  /** Where somebody writes: how old a sample is that has surely been written. */
  readonly settlingMs: number;
  /** Up to here the window that it falls into is counted besides. */
  readonly cutMs: number | null;
  readonly progress: (progress: StepProgress) => void;
  readonly signal: AbortSignal;
}

/** Reads the bytes of a data directory, live or not, and counts what is there (docs/format/digest.md). */
export type CountTsdb = (dataDirectory: string, look: CountLook) => Promise<TsdbInventory>;

/** A scrape ends within its interval; what evaluates rules and writes them may be a little late. */
export function settlingOf(scrapeIntervalMs: number): number {
  return Math.max(2 * scrapeIntervalMs, 10_000);
}
