import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { volumeComponents } from '../model/component.ts';
import { dataDirectoryInVolume, paths } from '../model/paths.ts';
import type { ListedVolume, VolumeCondition, VolumeIdentity } from '../model/volume.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import { findLastObservation } from './last-observation.ts';

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
    if (!isOurs || identity.component !== volume.component) return { state: 'foreign', identity };
    const data = dataDirectoryInVolume[volume.component] ?? '';
    if (data !== '' && !names.includes(data)) return { state: 'unreadable', reason: `it holds no ${data}` };
    if (volume.component === 'prometheus' && (await isHollow(dataRoot, volume, data))) return { state: 'empty' };
    return { state: 'ok', identity };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'missing' };
    return { state: 'unreadable', reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * True for a data directory without a block and without a WAL where there were samples: what is left where a mount below the
 * volume is missing. Prometheus would begin a new history there.
 */
async function isHollow(dataRoot: string, volume: ListedVolume, data: string): Promise<boolean> {
  const names = await readdir(join(dataRoot, volume.path, data));
  if (names.some((name) => name === 'wal' || blockName.test(name))) return false;
  return volume.adoptedFrom !== undefined || ((await findLastObservation(dataRoot))?.newestSampleMs ?? null) !== null;
}

/** A ULID, as Prometheus names its blocks. */
const blockName = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Reads `.holdfast.json` at the root of a volume; undefined where there is none. */
export async function findVolumeIdentity(directory: string): Promise<VolumeIdentity | undefined> {
  return findJsonFile(join(directory, paths.identity), volumeIdentitySchema);
}

export async function writeVolumeIdentity(directory: string, identity: VolumeIdentity): Promise<void> {
  await writeFileAtomically(join(directory, paths.identity), `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 });
}

const volumeIdentitySchema: z.ZodMiniType<VolumeIdentity> = z.object({
  format: z.literal(1),
  stackId: z.string(),
  stack: z.string(),
  component: z.enum(volumeComponents),
  volumeId: z.string(),
  createdAtMs: z.number(),
  lastWriter: z.optional(z.object({ program: z.string(), version: z.string() })),
});
