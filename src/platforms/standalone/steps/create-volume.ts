import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findStackFile, getStackFile } from '../../../data-root/stack-file.ts';
import { updateStackFile } from '../../../data-root/update-stack-file.ts';
import { findVolumeIdentity, readVolumeCondition, writeVolumeIdentity } from '../../../data-root/volume-identity.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { syncDirectory } from '../../../files/atomic-file.ts';
import type { VolumeComponent } from '../../../model/component.ts';
import type { Handler } from '../../../model/handler.ts';
import { dataDirectoryInVolume, paths } from '../../../model/paths.ts';
import type { ListedVolume } from '../../../model/volume.ts';
import type { CreateVolumeStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { stackFileWriter } from './stack-file-writer.ts';

/** Makes a volume: whole under a temporary name, renamed, then listed. A crash leaves something visibly half-made. */
export function createVolumeHandler(world: StandaloneWorld): Handler<CreateVolumeStep> {
  return {
    isDone: (step) => isVolumeListed(world, step),
    apply: (step) =>
      makeVolume(world, step, {}, async (directory) => {
        await mkdir(join(directory, dataDirectoryInVolume[step.component] ?? ''), { recursive: true, mode: 0o700 });
      }),
  };
}

interface NewVolume {
  readonly component: VolumeComponent;
  readonly volumeId: string;
}

/** Shared with adopt-volume: `fill` puts the content into a directory that nobody takes for a volume yet. */
export async function makeVolume(
  world: StandaloneWorld,
  volume: NewVolume,
  listing: { readonly adoptedFrom?: string },
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  const stack = await getStackFile(world.dataRoot);
  const path = paths.volume(volume.component);
  const directory = join(world.dataRoot, path);
  const identity = {
    format: 1,
    stackId: stack.stackId,
    stack: stack.name,
    component: volume.component,
    volumeId: volume.volumeId,
    createdAtMs: world.now(),
  } as const;
  const found = await findVolumeIdentity(directory);
  if (found?.volumeId !== volume.volumeId) {
    const half = `${directory}.tmp-for-creation`;
    await rm(half, { recursive: true, force: true });
    await mkdir(half, { recursive: true, mode: 0o700 });
    await fill(half);
    await writeVolumeIdentity(half, identity);
    await renameToNew(half, directory);
    await syncDirectory(join(world.dataRoot, paths.volumes));
  }
  await listVolume(world, {
    component: volume.component,
    id: volume.volumeId,
    path,
    state: 'present',
    createdAtMs: identity.createdAtMs,
    ...listing,
  });
}

export async function isVolumeListed(world: StandaloneWorld, volume: NewVolume): Promise<boolean> {
  const stack = await findStackFile(world.dataRoot);
  const listed = stack?.volumes.find((candidate) => candidate.component === volume.component);
  if (stack === undefined || listed?.id !== volume.volumeId) return false;
  return (await readVolumeCondition(world.dataRoot, listed, stack.stackId)).state === 'ok';
}

/** rename(2) replaces an empty directory but never one with something in it, which is what keeps a foreign volume safe. */
async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    throw new HoldfastError('volume-refused', {
      message: `${to} is already there, and it is not a volume that stack.json lists. It was left as it is.`,
      remedy: `Look what it is; if it holds data, move it away and take it in with \`holdfast adopt\`.`,
      cause: error,
    });
  }
}

async function listVolume(world: StandaloneWorld, listed: ListedVolume): Promise<void> {
  await updateStackFile(world.dataRoot, stackFileWriter(world), (stack) => ({
    ...stack,
    volumes: [...stack.volumes.filter((volume) => volume.component !== listed.component), listed],
  }));
}
