import { join } from 'node:path';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import type { InstanceFile } from '../contract/daemon-api.ts';
import { findVolumeLock } from '../data-root/volume-lock-file.ts';
import { isVolumeComponent, type ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { isSamePlace, type DataRootPlace } from './instance-store.ts';

export type LivingInstance = InstanceFile & { readonly identity: ProcessIdentity };

export interface FindLivingContext {
  readonly dataRoot: string;
  readonly place: DataRootPlace;
  readonly processes: ProcessReader;
}

/**
 * The process that an earlier daemon of this very data root has left running: the same host, boot, pid and start, with
 * the instance's token in its environment. One that was spawned just before its daemon died is found by the token alone,
 * and one whose run/ was removed by its volume's lock.
 */
export async function findLivingInstance(
  component: ProcessComponent,
  file: InstanceFile | undefined,
  context: FindLivingContext,
): Promise<LivingInstance | undefined> {
  if (file !== undefined && isSamePlace(file.dataRoot, context.place)) {
    const identity = await findHolder(file.token, file.identity, context.processes);
    if (identity !== undefined) return { ...file, identity };
  }
  return findByVolumeLock(component, context);
}

async function findByVolumeLock(component: ProcessComponent, context: FindLivingContext) {
  if (!isVolumeComponent(component)) return undefined;
  const lock = await findVolumeLock(join(context.dataRoot, paths.volume(component)));
  if (lock === undefined || !isSamePlace(lock.dataRoot, context.place)) return undefined;
  const identity = await findHolder(lock.token, lock.component, context.processes);
  if (identity === undefined) return undefined;
  const unknown = { run: null, launchDigest: '', version: '', restarts: 0, wanted: 'run' as const };
  const { token, volumeId, takenAtMs, dataRoot } = lock;
  return { format: 1 as const, component, token, identity, volumeId, startedAtMs: takenAtMs, dataRoot, ...unknown };
}

async function findHolder(
  token: string,
  noted: ProcessIdentity | null,
  processes: ProcessReader,
): Promise<ProcessIdentity | undefined> {
  const self = processes.self();
  if (noted !== null && (noted.host !== self.host || !(await processes.isAlive(noted)))) return undefined;
  const holders = await processes.findByEnvironment('HOLDFAST_INSTANCE', token);
  if (noted !== null)
    return holders.find((holder) => holder.pid === noted.pid && holder.startTicks === noted.startTicks);
  // What a program starts itself inherits the token: the oldest holder is the one that we have started.
  return [...holders].sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)[0];
}
