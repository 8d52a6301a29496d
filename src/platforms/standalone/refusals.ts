import { join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { BlockOnDisk } from '../../model/block.ts';
import { dataDirectoryInVolume } from '../../model/paths.ts';
import { writtenToBlocksMs } from '../../rules/head-cut.ts';
import { linkedDataRefusal } from '../../rules/linked-data.ts';
import { volumeRefusal } from '../../rules/volume-condition.ts';
import { judgeProgramVersion } from '../../rules/program-version.ts';
import type { Order } from '../platform.ts';
import { stayingUp } from './planners/plan-quiesce.ts';
import type { StandaloneFacts } from './standalone-facts.ts';

/** Every reason not to begin, judged before anything is stopped or started. `down` and `teardown` only stop things. */
export function findRefusals(facts: StandaloneFacts, order: Order): readonly HoldfastError[] {
  if (order.verb === 'down' || order.verb === 'teardown') return facts.refusals;
  // Without a stack there is nothing whose ports or volumes could stand in the way.
  if (order.verb === 'rebuild' && !facts.exists) return facts.refusals;
  return [
    ...facts.refusals,
    ...refuseAdoption(facts, order),
    ...facts.volumes.flatMap(({ listed, condition }) => {
      const refusal = volumeRefusal(listed, condition, facts.dataRoot);
      return refusal === undefined ? [] : [refusal];
    }),
    ...facts.badConfigurations,
    ...refuseOlderPrograms(facts),
    ...refuseFutureBlocks(facts),
    ...refuseRetention(facts),
    ...refuseLinkedData(facts, order),
    ...refuseDamagedWal(facts, order),
    ...refusePorts(facts, order),
  ];
}

function refuseAdoption(facts: StandaloneFacts, order: Order): readonly HoldfastError[] {
  const { adopt } = facts;
  if (order.verb !== 'adopt' || adopt === null) return [];
  const listed = facts.volumes.find((volume) => volume.listed.component === adopt.component)?.listed;
  if (listed === undefined) return [];
  return [
    new HoldfastError('not-adoptable', {
      message: `Stack ${facts.stack} has a volume ${adopt.component} already (${facts.dataRoot}/${listed.path}), and two histories are never mixed. Nothing was copied; ${adopt.from} is as it was.`,
      remedy: `Take it into a data root of its own: holdfast --data NEWDIR adopt ${adopt.from}`,
      details: { component: adopt.component, volume: listed.id },
    }),
  ];
}

function refuseOlderPrograms(facts: StandaloneFacts): readonly HoldfastError[] {
  return facts.volumes.flatMap(({ listed, condition }) => {
    if (condition.state !== 'ok' || condition.identity.lastWriter === undefined) return [];
    const program = facts.programs.find((candidate) => candidate.name === listed.component)?.installed;
    if (!program) return [];
    const refusal = judgeProgramVersion(listed.component, program.version, condition.identity.lastWriter.version);
    return refusal === undefined ? [] : [refusal];
  });
}

function refuseFutureBlocks(facts: StandaloneFacts): readonly HoldfastError[] {
  const [first, ...others] = facts.futureBlocks;
  if (first === undefined) return [];
  const also = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const parent = facts.adopt?.dataDirectory ?? `${facts.dataRoot}/volumes/prometheus/prometheus-db`;
  const directory = `${parent}/${first.ulid}`;
  return [
    new HoldfastError('block-in-the-future', {
      message: `Block ${first.ulid}${also} ends at ${iso(first.maxTime)}, which is in the future: Prometheus would answer, but reject every sample until then. Nothing was started or changed.`,
      remedy: `Set the clock right if it is wrong; else move the block out of the way: mv '${directory}' SOMEWHERE`,
      details: { blocks: facts.futureBlocks.map((block) => ({ ulid: block.ulid, maxTime: block.maxTime })) },
    }),
  ];
}

function refuseRetention(facts: StandaloneFacts): readonly HoldfastError[] {
  if (facts.condemned.length === 0 || facts.options.letRetentionDelete) return [];
  const samples = facts.condemned.reduce((sum, block) => sum + block.samples, 0);
  return [
    new HoldfastError('retention-would-delete', {
      message: `With the retention asked for, Prometheus would delete ${facts.condemned.length} blocks (${samples} samples) that the one in force keeps: ${listWindows(facts.condemned)}. Nothing was stopped, started or changed.`,
      remedy:
        'Raise prometheus.retention (or retentionSize) in the config, or give --unsafe-let-retention-delete if these blocks may go.',
      details: {
        windows: facts.condemned.map(({ ulid, minTime, maxTime, samples: count }) => ({
          ulid,
          fromMs: minTime,
          toMs: maxTime,
          samples: count,
        })),
      },
    }),
  ];
}

function refuseLinkedData(facts: StandaloneFacts, order: Order): readonly HoldfastError[] {
  const listed = facts.volumes.find((volume) => volume.listed.component === 'prometheus')?.listed;
  if (listed === undefined || stayingUp(facts, order).includes('prometheus')) return [];
  const data = join(facts.dataRoot, listed.path, dataDirectoryInVolume['prometheus'] ?? '');
  return [linkedDataRefusal(data, facts.links) ?? []].flat();
}

/** Once it is stopped, what the damaged record holds is in no memory any more, and nothing would be started on the rest. */
function refuseDamagedWal(facts: StandaloneFacts, order: Order): readonly HoldfastError[] {
  const { walDamage } = facts;
  if (walDamage === null || stayingUp(facts, order).includes('prometheus')) return [];
  const { path, offset, what, behind } = walDamage;
  return [
    new HoldfastError('wal-damaged', {
      message: `${path} is damaged at byte ${offset} (${what}), and a Prometheus that starts on it deletes all that lies behind: ${behind}. The one that runs still holds it all in memory. Nothing was stopped or changed.`,
      remedy: `Wait until ${iso(writtenToBlocksMs(facts.observedAtMs))}, when all that it holds now is in blocks; then run \`holdfast teardown\`, \`holdfast repair\` and \`holdfast up\`, whose proof says what the damaged record still takes along.`,
      details: { path, offset },
    }),
  ];
}

function listWindows(blocks: readonly BlockOnDisk[]): string {
  const shown = blocks.slice(0, 10).map((block) => `${iso(block.minTime)} to ${iso(block.maxTime)}`);
  return blocks.length > shown.length
    ? `${shown.join(', ')} and ${blocks.length - shown.length} more`
    : shown.join(', ');
}

function refusePorts(facts: StandaloneFacts, order: Order): readonly HoldfastError[] {
  if (order.verb === 'adopt') return [];
  const staying = stayingUp(facts, order);
  return facts.ports
    .filter((port) => port.takenBy !== null && !staying.includes(port.component))
    .map(
      (port) =>
        new HoldfastError('port-taken', {
          message: `Port ${port.port}, which ${port.component} needs, is taken by ${port.takenBy}. Nothing was started.`,
          remedy: `Stop that process, or give ${port.component} another port in the config file.`,
          details: { component: port.component, port: port.port, takenBy: port.takenBy },
        }),
    );
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
