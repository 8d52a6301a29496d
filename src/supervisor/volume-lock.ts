import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import { identitySchema, type InstanceFile } from '../contract/daemon-api.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import { isVolumeComponent, type ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import { isSameProcess } from '../model/process-identity.ts';
import { isSamePlace, type DataRootPlace } from './instance-store.ts';

const volumeLockSchema = z.object({
  format: z.literal(1),
  volumeId: z.string(),
  /** Of the instance, as in run/<component>.json. */
  token: z.string(),
  daemon: identitySchema,
  /** Null between the intent to start and the start. */
  component: z.nullable(identitySchema),
  dataRoot: z.object({ path: z.string(), device: z.number(), inode: z.number() }),
  takenAtMs: z.number(),
});

/**
 * `.holdfast.lock` at a volume's root: which daemon and which process write here. It stays where a process did not end
 * cleanly, so it is also the memory of an unclean stop that survives a reboot and the removal of run/.
 */
export type VolumeLock = z.infer<typeof volumeLockSchema>;

export interface VolumeLockOwner {
  readonly processes: ProcessReader;
  readonly place: DataRootPlace;
}

export async function findVolumeLock(volume: string): Promise<VolumeLock | undefined> {
  return findJsonFile(join(volume, paths.volumeLock), volumeLockSchema);
}

export async function writeVolumeLock(volume: string, lock: VolumeLock): Promise<void> {
  await writeFileAtomically(join(volume, paths.volumeLock), `${JSON.stringify(lock)}\n`, { mode: 0o600 });
}

/** After a clean end only: the file's absence says that the volume was left in order. */
export async function releaseVolumeLock(volume: string): Promise<void> {
  await rm(join(volume, paths.volumeLock), { force: true });
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
