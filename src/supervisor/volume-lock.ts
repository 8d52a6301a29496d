import { join } from 'node:path';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import type { InstanceFile } from '../contract/daemon-api.ts';
import { findVolumeLock, releaseVolumeLock, writeVolumeLock, type VolumeLock } from '../data-root/volume-lock-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { isVolumeComponent, type ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import { isSameProcess } from '../model/process-identity.ts';
import { isSamePlace, type DataRootPlace } from './instance-store.ts';

export interface VolumeLockOwner {
  readonly processes: ProcessReader;
  readonly place: DataRootPlace;
}

/** As releaseVolumeLock, for a component that may have no volume. */
export async function releaseLockOf(component: ProcessComponent, dataRoot: string): Promise<void> {
  if (isVolumeComponent(component)) await releaseVolumeLock(join(dataRoot, paths.volume(component)));
}

/** Notes this daemon and the instance as the writers of a component's volume, if it has one. */
export async function lockVolumeOf(
  component: ProcessComponent,
  instance: InstanceFile,
  owner: VolumeLockOwner & { readonly dataRoot: string; readonly now: () => number },
): Promise<void> {
  if (!isVolumeComponent(component)) return;
  await writeVolumeLock(join(owner.dataRoot, paths.volume(component)), {
    format: 1,
    volumeId: instance.volumeId ?? '',
    token: instance.token,
    daemon: owner.processes.self(),
    component: instance.identity,
    dataRoot: owner.place,
    takenAtMs: owner.now(),
  });
}

/**
 * Throws `volume-locked` or `copied-while-running` where a living process, or one that cannot be seen from here, may write
 * to the volume. Returns whether the last process that wrote there left it uncleanly.
 */
export async function judgeVolumeLock(volume: string, owner: VolumeLockOwner): Promise<{ readonly unclean: boolean }> {
  const lock = await findVolumeLock(volume);
  if (lock === undefined) return { unclean: false };
  const self = owner.processes.self();
  if (lock.daemon.host !== self.host) throw heldElsewhere(volume, lock);
  const lives = async (identity: InstanceFile['identity']) =>
    identity !== null && (await owner.processes.isAlive(identity));
  const holder = (await lives(lock.component)) ? lock.component : (await lives(lock.daemon)) ? lock.daemon : null;
  if (holder === null || isSameProcess(holder, self)) return { unclean: true };
  throw isSamePlace(lock.dataRoot, owner.place) ? heldHere(volume, holder.pid) : copied(volume, lock, holder.pid);
}

function heldElsewhere(volume: string, lock: VolumeLock): HoldfastError {
  return new HoldfastError('volume-locked', {
    message: `${volume} was left in use by another host (${lock.daemon.host}), and whether it still writes there cannot be seen from here. Nothing was started.`,
    remedy: `Stop the stack on that host; only where that host is gone for good, run \`holdfast up --unsafe-break-lock\`.`,
    details: { daemon: lock.daemon, component: lock.component },
  });
}

function heldHere(volume: string, pid: number): HoldfastError {
  return new HoldfastError('volume-locked', {
    message: `Process ${pid} still writes to ${volume}: a second writer would destroy it. Nothing was started.`,
    remedy: `Stop process ${pid} (kill ${pid}) and wait for its end, then run \`holdfast up\`.`,
    details: { pid },
  });
}

function copied(volume: string, lock: VolumeLock, pid: number): HoldfastError {
  return new HoldfastError('copied-while-running', {
    message: `${volume} is a copy of one in ${lock.dataRoot.path} that process ${pid} still uses: it was copied while it was being written to. Nothing was started.`,
    remedy: `Stop the original with \`holdfast --data '${lock.dataRoot.path}' teardown\`, then copy it again.`,
    details: { original: lock.dataRoot.path, pid },
  });
}
