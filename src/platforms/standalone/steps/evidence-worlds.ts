import { hostname } from 'node:os';
import { join } from 'node:path';
import { findLastObservation } from '../../../data-root/last-observation.ts';
import { getStackFile } from '../../../data-root/stack-file.ts';
import { findNewestSample } from '../../../data-root/newest-sample.ts';
import { dataDirectoryInVolume } from '../../../model/paths.ts';
import type { StackRecord } from '../../../model/record.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import { effectiveRetention } from '../../../rules/retention.ts';
import type { ProofWorld } from '../../../steps/prove.ts';
import type { InventoryWorld } from '../../../steps/take-inventory.ts';
import { listTsdb } from '../../../tsdb/list-blocks.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { openComponents } from './component-readers.ts';

/** What an inventory is taken of: the volume's directory, and every component that answers. */
export async function readInventoryWorld(world: StandaloneWorld, signal: AbortSignal): Promise<InventoryWorld> {
  const stack = await getStackFile(world.dataRoot);
  const { prometheus, witnesses } = await openComponents(world, signal);
  const dataDirectory = prometheusDirectory(world, stack);
  const newestMs =
    dataDirectory === null ? null : await findNewestSample(world.dataRoot, await listTsdb(dataDirectory), world.now());
  return {
    stack: stack.name,
    stackId: stack.stackId,
    scrapeIntervalMs: stack.config.prometheus.scrapeIntervalMs,
    retention: effectiveRetention(stack.retention, newestMs),
    dataDirectory,
    prometheus,
    newestMs,
    countTsdb: world.countTsdb,
    components: witnesses,
  };
}

export async function readProofWorld(world: StandaloneWorld, signal: AbortSignal): Promise<ProofWorld> {
  const stack = await getStackFile(world.dataRoot);
  const { prometheus, witnesses } = await openComponents(world, signal);
  return {
    scrapeIntervalMs: stack.config.prometheus.scrapeIntervalMs,
    dataDirectory: prometheusDirectory(world, stack) ?? join(world.dataRoot, 'volumes/prometheus/prometheus-db'),
    prometheus,
    countTsdb: world.countTsdb,
    components: witnesses,
  };
}

export async function readStackRecord(world: StandaloneWorld, run: string): Promise<StackRecord> {
  const stack = await getStackFile(world.dataRoot);
  const observation = await findLastObservation(world.dataRoot);
  return {
    format: 1,
    run,
    writtenAtMs: world.now(),
    host: hostname(),
    holdfastVersion: world.holdfastVersion,
    stack,
    components: (observation?.components ?? []).map(({ name, version, address }) => ({
      name,
      version,
      address: address ?? '',
    })),
  };
}

function prometheusDirectory(world: StandaloneWorld, stack: StackFile): string | null {
  const listed = stack.volumes.find((volume) => volume.component === 'prometheus');
  return listed === undefined ? null : join(world.dataRoot, listed.path, dataDirectoryInVolume['prometheus'] ?? '');
}
