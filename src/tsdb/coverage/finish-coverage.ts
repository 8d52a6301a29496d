import type { BlockMeta } from '../../model/block.ts';
import type { CoverageCacheUse, TsdbCoverage } from '../../model/tsdb-coverage.ts';
import type { Findings } from '../findings.ts';
import type { JoinedUnits } from './join-units.ts';
import { mostJobs } from './unit-times.ts';

export interface CoverageRest {
  readonly findings: Findings;
  readonly blocks: readonly Pick<BlockMeta, 'ulid' | 'minTime' | 'maxTime'>[];
  readonly sizeBytes: number;
  readonly cache: CoverageCacheUse;
}

/** What has been put together, with all that is to be said of it. */
export function finishCoverage(
  joined: JoinedUnits,
  { findings, blocks, sizeBytes, cache }: CoverageRest,
): TsdbCoverage {
  const { coarseMs, hasMoreJobs } = joined;
  if (coarseMs !== null) findings.add({ ...nowhere, ...coarse(coarseMs) });
  if (hasMoreJobs) findings.add({ ...nowhere, ...moreJobs });
  return {
    ...joined.finish(),
    blocks: blocks.map(({ ulid, minTime, maxTime }) => ({ ulid, fromMs: minTime, toMs: maxTime })),
    sizeBytes,
    findings: findings.list(),
    cache,
  };
}

const nowhere = { severity: 'info', file: '', offset: null, series: null, fromMs: null, toMs: null } as const;

const moreJobs = {
  rule: 'more-jobs',
  message: `There are more than ${mostJobs} jobs: the others are counted for the volume alone.`,
  remedy: 'Nothing needs to be done.',
};

function coarse(coarseMs: number) {
  return {
    rule: 'coarse-ranges',
    message: `There are more gaps than can be listed: some that are shorter than ${Math.ceil(coarseMs / 1000)} s are not shown.`,
    remedy: 'Nothing needs to be done.',
  };
}
