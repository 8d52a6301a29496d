import { findNewestSample } from '../../../data-root/newest-sample.ts';
import type { BlockOnDisk, TsdbListing } from '../../../model/block.ts';
import type { Retention } from '../../../model/retention.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import { judgeFutureBlocks } from '../../../rules/future-blocks.ts';
import { effectiveRetention, judgeRetention, raiseForOutage } from '../../../rules/retention.ts';
import type { AdoptFact, InstanceFact } from '../standalone-facts.ts';
import type { StandaloneRequest } from './observe-standalone.ts';

interface RetentionInput {
  readonly dataRoot: string;
  readonly stackFile: StackFile | null;
  readonly request: StandaloneRequest;
  readonly tsdb: TsdbListing | null;
  readonly adopt: AdoptFact | null;
  readonly instances: readonly InstanceFact[];
  readonly nowMs: number;
}

export interface RetentionFacts {
  readonly wanted: Retention;
  readonly newestMs: number | null;
  readonly raisedByMs: number;
  readonly condemned: readonly BlockOnDisk[];
  readonly futureBlocks: readonly BlockOnDisk[];
}

/**
 * Retention as it shall be: what the user asks for, raised by every outage that still counts. While Prometheus runs
 * there is no outage; otherwise the time since its newest sample is one.
 */
export async function observeRetention(input: RetentionInput): Promise<RetentionFacts> {
  const { stackFile, tsdb, nowMs, request } = input;
  const asked: Retention = {
    timeMs: request.config.prometheus.retentionMs,
    sizeBytes: request.config.prometheus.retentionSizeBytes,
    raises: stackFile?.retention.raises ?? [],
  };
  if (input.adopt?.retention)
    return { ...none(input.adopt.retention), futureBlocks: futureOf(input.adopt.listing, nowMs) };
  if (stackFile === null || tsdb === null) return none(asked);
  const runs = input.instances.some((instance) => instance.component === 'prometheus');
  const newestMs = await findNewestSample(input.dataRoot, tsdb, nowMs);
  const wanted = runs || newestMs === null ? asked : raiseForOutage(asked, { newestMs, nowMs });
  const judged = judgeRetention({
    listing: tsdb,
    newestMs,
    inForce: effectiveRetention(stackFile.retention, newestMs),
    next: effectiveRetention(wanted),
    nowMs,
  });
  const raisedByMs = effectiveRetention(wanted).timeMs - effectiveRetention(asked).timeMs;
  return { wanted, newestMs, raisedByMs, condemned: judged.condemned, futureBlocks: futureOf(tsdb, nowMs) };
}

function none(wanted: Retention): RetentionFacts {
  return { wanted, newestMs: null, raisedByMs: 0, condemned: [], futureBlocks: [] };
}

function futureOf(listing: TsdbListing | null, nowMs: number): readonly BlockOnDisk[] {
  return listing === null ? [] : judgeFutureBlocks(listing.blocks, nowMs).refused;
}
