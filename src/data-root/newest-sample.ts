import { join } from 'node:path';
import type { TsdbListing } from '../model/block.ts';
import { paths } from '../model/paths.ts';
import { findUnsettledRun } from './debt.ts';
import { findInventory } from './inventory-file.ts';
import { findLastObservation } from './last-observation.ts';

/**
 * The newest sample on a Prometheus volume that is known without reading it: of the newest block, what the daemon saw
 * last, and what an owed inventory says. Never a file's mtime: a copied data root carries those of the copy, which would
 * hide the outage. Null where nothing is known.
 */
export async function findNewestSample(dataRoot: string, tsdb: TsdbListing, nowMs: number): Promise<number | null> {
  const last = await findLastObservation(dataRoot);
  const run = await findUnsettledRun(dataRoot);
  const inventory = run === undefined ? undefined : await findInventory(join(dataRoot, paths.inventory(run)));
  const block = tsdb.newestBlockMs === null ? null : tsdb.newestBlockMs - 1;
  const candidates = [block, last?.newestSampleMs, inventory?.completeToMs, inventory?.newestMs];
  const known = candidates.filter((atMs): atMs is number => typeof atMs === 'number' && atMs <= nowMs);
  return known.length === 0 ? null : Math.max(...known);
}
