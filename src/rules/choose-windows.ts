import type { TsdbListing } from '../model/block.ts';
import { blockRangeMs } from './retention.ts';

/** One question to Prometheus: samples in [fromMs, toMs), asked at toMs - 1. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  readonly where: 'head' | 'blocks';
}

const olderWindowCount = 20;
const mostHeadWindows = 12;

/** Twenty aligned two-hour windows spread evenly over the blocks, the oldest and the newest among them; all where there are fewer. */
export function chooseOlderWindows(listing: TsdbListing): readonly Window[] {
  const starts = [...new Set(listing.blocks.flatMap(startsOf))].sort((a, b) => a - b);
  const count = Math.min(olderWindowCount, starts.length);
  const chosen = Array.from({ length: count }, (_, index) =>
    count === 1 ? 0 : Math.round((index * (starts.length - 1)) / (count - 1)),
  );
  return chosen.flatMap((position) => {
    const start = starts[position];
    if (start === undefined) return [];
    // A window never reaches into the head: its samples are not all there yet.
    const toMs = Math.min(start + blockRangeMs, listing.newestBlockMs ?? 0);
    const fromMs = Math.max(start, listing.oldestBlockMs ?? 0);
    return toMs > fromMs ? [{ fromMs, toMs, where: 'blocks' as const }] : [];
  });
}

/** A year-long block is spread over by its ends and what lies between, never by a list without bound. */
function startsOf(block: { readonly minTime: number; readonly maxTime: number }): readonly number[] {
  const first = Math.floor(block.minTime / blockRangeMs);
  const last = Math.floor((block.maxTime - 1) / blockRangeMs);
  const stride = Math.max(1, Math.ceil((last - first) / 1000));
  const starts: number[] = [];
  for (let index = first; index <= last; index += stride) starts.push(index * blockRangeMs);
  return starts;
}

/** Aligned windows from the newest block (or the head's first sample) up to and including `completeToMs`. */
export function chooseHeadWindows(range: {
  readonly newestBlockMs: number | null;
  readonly headMinMs: number | null;
  readonly completeToMs: number;
}): readonly Window[] {
  if (range.headMinMs === null) return [];
  const startMs = Math.max(range.newestBlockMs ?? range.headMinMs, range.headMinMs);
  const endMs = range.completeToMs + 1;
  const widthMs = blockRangeMs * Math.max(1, Math.ceil((endMs - startMs) / blockRangeMs / mostHeadWindows));
  const windows: Window[] = [];
  for (let fromMs = startMs; fromMs < endMs;) {
    const toMs = Math.min((Math.floor(fromMs / widthMs) + 1) * widthMs, endMs);
    windows.push({ fromMs, toMs, where: 'head' });
    fromMs = toMs;
  }
  return windows;
}

/** The range between two times in windows of at most two hours, for counting what was added. */
export function splitRange(fromMs: number, toMs: number): readonly Window[] {
  return chooseHeadWindows({ newestBlockMs: fromMs, headMinMs: fromMs, completeToMs: toMs - 1 });
}
