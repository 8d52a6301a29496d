import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { volumeComponents } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import type { ListedVolume, VolumeCondition, VolumeIdentity } from '../model/volume.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';

/** How the directory of a listed volume is found: its own identity file is what counts, never its name. */
export async function readVolumeCondition(
  dataRoot: string,
  volume: ListedVolume,
  stackId: string,
): Promise<VolumeCondition> {
  const directory = join(dataRoot, volume.path);
  try {
    const info = await lstat(directory);
    if (!info.isDirectory()) return { state: 'unreadable', reason: 'it is not a directory' };
    const names = await readdir(directory);
    if (names.length === 0) return { state: 'empty' };
    const identity = await findVolumeIdentity(directory);
    if (identity === undefined) return { state: 'unreadable', reason: `it has no ${paths.identity}` };
    const isOurs = identity.volumeId === volume.id && identity.stackId === stackId;
    return isOurs && identity.component === volume.component
      ? { state: 'ok', identity }
      : { state: 'foreign', identity };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'missing' };
    return { state: 'unreadable', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads `.holdfast.json` at the root of a volume; undefined where there is none. */
export async function findVolumeIdentity(directory: string): Promise<VolumeIdentity | undefined> {
  return findJsonFile(join(directory, paths.identity), volumeIdentitySchema);
}

export async function writeVolumeIdentity(directory: string, identity: VolumeIdentity): Promise<void> {
  await writeFileAtomically(join(directory, paths.identity), `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 });
}

const volumeIdentitySchema: z.ZodType<VolumeIdentity> = z.object({
  format: z.literal(1),
  stackId: z.string(),
  stack: z.string(),
  component: z.enum(volumeComponents),
  volumeId: z.string(),
  createdAtMs: z.number(),
  lastWriter: z.object({ program: z.string(), version: z.string() }).optional(),
});
