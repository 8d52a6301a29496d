import { isInOrder, type BlockMeta } from '../model/block.ts';
import type { Finding } from '../model/finding.ts';

const toleranceMs = 5 * 60_000;

export interface FutureJudgement<B extends BlockMeta> {
  /** Prometheus would report ready and reject every sample until these have passed: a refusal. */
  readonly refused: readonly B[];
  /** For blocks that end within the next five minutes, as clocks differ. */
  readonly findings: readonly Finding[];
}

/**
 * Looks for blocks that end after now: new samples must be newer than the newest block (tsdb appendableMinValidTime). Blocks
 * of late samples end with the two hours that are still being filled, and hinder none.
 */
export function judgeFutureBlocks<B extends BlockMeta>(blocks: readonly B[], nowMs: number): FutureJudgement<B> {
  const future = blocks.filter((block) => block.maxTime > nowMs && isInOrder(block));
  return {
    refused: future.filter((block) => block.maxTime > nowMs + toleranceMs),
    findings: future.filter((block) => block.maxTime <= nowMs + toleranceMs).map(warnOf),
  };
}

function warnOf(block: BlockMeta): Finding {
  const end = new Date(block.maxTime).toISOString();
  return {
    rule: 'block-ends-soon',
    severity: 'warning',
    object: `block ${block.ulid}`,
    message: `Block ${block.ulid} ends at ${end}, a little in the future: Prometheus stores no sample until then.`,
    remedy: 'Wait until then, or set the clock right if it is wrong.',
  };
}
