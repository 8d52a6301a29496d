import { dirname } from 'node:path';
import { findVolumeLock } from '../data-root/volume-lock-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';

export interface VolumeHolderOptions {
  /** May throw for a process of another host. */
  readonly isAlive: (identity: ProcessIdentity) => Promise<boolean>;
  /** --unsafe-break-lock: what another host has left is no hindrance. */
  readonly breakForeign: boolean;
  readonly remedy: string;
}

/**
 * The lock of a volume names whom a daemon has started there, also before that one has a file open, and what it is just
 * about to start. Throws `volume-locked`.
 */
export async function refuseVolumeHolder(dataDirectory: string, options: VolumeHolderOptions): Promise<void> {
  for (const volume of [dirname(dataDirectory), dataDirectory]) {
    const lock = await findVolumeLock(volume);
    if (lock === undefined) continue;
    const holder = lock.component ?? lock.daemon;
    const lives = await options.isAlive(holder).catch(() => 'unknown' as const);
    if (lives === true)
      throw heldHere(volume, { pid: holder.pid, isStarting: lock.component === null }, options.remedy);
    if (lives === 'unknown' && !options.breakForeign) throw heldElsewhere(volume, holder.host);
  }
}

function heldHere(
  volume: string,
  { pid, isStarting }: { readonly pid: number; readonly isStarting: boolean },
  remedy: string,
): HoldfastError {
  const who = isStarting ? `the daemon (pid ${pid}) is starting Prometheus on it` : `process ${pid} was started on it`;
  return new HoldfastError('volume-locked', {
    message: `${volume} is in use: ${who}. Nothing was changed.`,
    remedy,
    details: { volume, pid },
  });
}

function heldElsewhere(volume: string, host: string): HoldfastError {
  return new HoldfastError('volume-locked', {
    message: `${volume} was left in use by another host (${host}), and whether it still writes there cannot be seen from here. Nothing was changed.`,
    remedy: 'Stop the stack on that host; only where that host is gone for good, add --unsafe-break-lock here.',
    details: { volume, host },
  });
}
