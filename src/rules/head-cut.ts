import { blockRangeMs } from './retention.ts';

const cutTakesMs = 5 * 60_000;

/**
 * By when a Prometheus that runs has written all that it holds in memory now to blocks, in ms since the epoch: it cuts what
 * it began with once it holds half as much again as a block (head.go compactable).
 */
export function writtenToBlocksMs(nowMs: number): number {
  return nowMs + 1.5 * blockRangeMs + cutTakesMs;
}
