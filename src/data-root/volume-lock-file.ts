import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { identitySchema } from '../contract/daemon-api.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import { paths } from '../model/paths.ts';

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

/** Makes the lock again what it was, as before a start that came to nothing. */
export async function putBackVolumeLock(volume: string, was: VolumeLock | undefined): Promise<void> {
  await (was === undefined ? releaseVolumeLock(volume) : writeVolumeLock(volume, was));
}
