import { join } from 'node:path';
import type { StackVerb } from '../../../model/plan.ts';
import { findLiveWalDamage } from '../../../tsdb/check/find-wal-faults.ts';
import type { StandaloneFacts, WalFact } from '../standalone-facts.ts';

interface WalInput extends Pick<StandaloneFacts, 'instances' | 'launchDigests'> {
  readonly verb: StackVerb;
  /** Absolute; null where there is no volume of Prometheus, or none that can be used. */
  readonly dataDirectory: string | null;
}

/**
 * What the next start would delete of the WAL of a Prometheus that runs. Looked at only where the verb stops it and starts
 * it again: every byte is read. One that stands still is looked through before it is started.
 */
export async function observeWal({ verb, dataDirectory, instances, launchDigests }: WalInput): Promise<WalFact | null> {
  const running = instances.find(({ component }) => component === 'prometheus');
  if (running === undefined || dataDirectory === null) return null;
  const digest = launchDigests.prometheus;
  const isChanged = typeof digest === 'string' && digest !== running.launchDigest;
  if (verb !== 'rebuild' && !(verb === 'up' && isChanged)) return null;
  const damage = await findLiveWalDamage(dataDirectory);
  return damage === undefined ? null : { ...damage, path: join(dataDirectory, damage.path) };
}
