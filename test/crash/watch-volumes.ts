import { setTimeout as sleep } from 'node:timers/promises';
import { findProcessesNaming } from '../harness/find-processes.ts';

/** Components that write to a volume, by the part of the path that stands in their arguments. */
const writers = ['prometheus', 'alertmanager', 'pushgateway'].map((component) => `/volumes/${component}/`);

export interface VolumeWatch {
  /** Ends the watch. What it has seen: a sentence for every look at which a volume had two processes. */
  stop(): Promise<readonly string[]>;
}

/** Looks again and again which processes name a volume of this data root in their arguments. */
export function watchVolumes(dataRoot: string): VolumeWatch {
  const violations: string[] = [];
  const ending = new AbortController();
  const watch = async () => {
    while (!ending.signal.aborted) {
      violations.push(...(await findSharedVolumes(dataRoot)));
      await sleep(100, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    stop: async () => {
      ending.abort();
      await watching;
      return violations;
    },
  };
}

/** How many processes write to each volume at this moment. */
export async function countWriters(dataRoot: string): Promise<Readonly<Record<string, number>>> {
  const found = await findProcessesNaming(dataRoot);
  return Object.fromEntries(
    writers.map((volume) => [
      volume,
      found.filter(({ commandLine }) => commandLine.includes(`${dataRoot}${volume}`)).length,
    ]),
  );
}

async function findSharedVolumes(dataRoot: string): Promise<readonly string[]> {
  const counts = Object.entries(await countWriters(dataRoot));
  return counts.filter(([, count]) => count > 1).map(([volume, count]) => `${count} processes write to ${volume}`);
}
