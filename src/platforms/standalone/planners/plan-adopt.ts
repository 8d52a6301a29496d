import { formatBytes } from '../../../model/bytes.ts';
import type { Order } from '../../platform.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';
import type { AdoptVolumeStep } from '../standalone-step.ts';

/** Takes a directory in as the volume of its component; the component must not have one yet. */
export function planAdopt(facts: StandaloneFacts, order: Order): readonly AdoptVolumeStep[] {
  const { adopt } = facts;
  if (order.verb !== 'adopt' || adopt === null) return [];
  const { component, from, dataDirectory, dataFile, sizeBytes } = adopt;
  return [
    {
      kind: 'adopt-volume',
      phase: 'bind',
      class: 'safe',
      title: `copy ${from} (${formatBytes(sizeBytes)}) into a new volume ${component}`,
      component,
      volumeId: facts.newVolumeIds[component] ?? '',
      from: dataDirectory,
      dataFile,
      sizeBytes,
    },
  ];
}
