import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import type { VolumeComponent } from '../model/component.ts';
import { dataDirectoryInVolume, paths } from '../model/paths.ts';
import { linkTree, type LinkedFile } from './link-tree.ts';

export interface SetAside {
  readonly component: VolumeComponent;
  /** Relative to the data root. */
  readonly path: string;
  readonly files: number;
  /** What needed space of its own, since it was copied. */
  readonly copiedBytes: number;
}

/** What a program's own repair could destroy, below its data directory. */
const endangered: Readonly<Partial<Record<VolumeComponent, readonly string[]>>> = {
  // wlog Repair deletes the segments after a damaged record, and DeleteCorrupted the head chunk files after a damaged one.
  prometheus: ['wal', 'wbl', 'chunks_head'],
  // diskmetricstore starts empty on a file that it cannot read, and overwrites it.
  pushgateway: ['pushgateway.data'],
};

/**
 * Sets aside in set-aside/<component>/<stamp>/ what the next start could destroy. Undefined where there is nothing, or
 * where the newest one holds the very same files. The first one since the last good proof and the last two are kept.
 * Throws `disk-full` or `io` where it cannot be done: then nothing may be started.
 */
export async function setAside(
  dataRoot: string,
  component: VolumeComponent,
  nowMs: number,
): Promise<SetAside | undefined> {
  const directory = join(dataRoot, paths.setAsideOf(component));
  try {
    return await makeSetAside(dataRoot, component, directory, nowMs);
  } catch (error) {
    throw cannotSetAside(component, directory, error);
  }
}

async function makeSetAside(dataRoot: string, component: VolumeComponent, directory: string, nowMs: number) {
  const data = join(dataRoot, paths.volume(component), dataDirectoryInVolume[component] ?? '');
  const names = await listPresent(data, endangered[component] ?? []);
  if (names.length === 0) return undefined;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeHalfMade(directory);
  const stamp = await freeStamp(directory, nowMs);
  const half = join(directory, `${stamp}.tmp-for-creation`);
  await mkdir(half, { mode: 0o700 });
  const files = (await Promise.all(names.map((name) => takeOne(data, half, name)))).flat();
  const newest = (await listComplete(directory)).at(-1);
  if (newest !== undefined && (await holdsTheSame(join(directory, newest), files))) {
    await rm(half, { recursive: true });
    return undefined;
  }
  const manifest: Manifest = { format: 1, component, madeAtMs: nowMs, files };
  await writeFileAtomically(join(half, manifestName), `${JSON.stringify(manifest)}\n`, { mode: 0o600 });
  await rename(half, join(directory, stamp));
  await prune(directory);
  return {
    component,
    path: `${paths.setAsideOf(component)}/${stamp}`,
    files: files.length,
    copiedBytes: files.filter((file) => file.how === 'copy').reduce((sum, file) => sum + file.sizeBytes, 0),
  };
}

/**
 * Drops what was set aside of a component before a moment: a good proof that was made then has shown that it is not needed
 * any more. What was set aside since is for the next proof.
 */
export async function dropSetAside(dataRoot: string, component: VolumeComponent, beforeMs: number): Promise<void> {
  const directory = join(dataRoot, paths.setAsideOf(component));
  for (const stamp of await listComplete(directory)) {
    if (stamp <= stampOf(beforeMs)) await rename(join(directory, stamp), join(directory, `${stamp}.tmp-for-deletion`));
  }
  await removeHalfMade(directory);
}

/** Complete ones of a component, oldest first, relative to the data root. */
export async function listSetAside(dataRoot: string, component: VolumeComponent): Promise<readonly string[]> {
  const stamps = await listComplete(join(dataRoot, paths.setAsideOf(component)));
  return stamps.map((stamp) => `${paths.setAsideOf(component)}/${stamp}`);
}

const manifestName = 'manifest.json';

const manifestSchema = z.object({
  format: z.literal(1),
  component: z.string(),
  madeAtMs: z.number(),
  files: z.array(
    z.object({
      path: z.string(),
      sizeBytes: z.number(),
      modifiedMs: z.number(),
      inode: z.number(),
      how: z.enum(['link', 'copy']),
    }),
  ),
});
type Manifest = z.infer<typeof manifestSchema>;

async function takeOne(data: string, half: string, name: string): Promise<LinkedFile[]> {
  const from = join(data, name);
  const info = await lstat(from);
  if (info.isDirectory()) {
    return (await linkTree(from, join(half, name))).map((file) => ({ ...file, path: `${name}/${file.path}` }));
  }
  await copyFile(from, join(half, name), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  return [{ path: name, sizeBytes: info.size, modifiedMs: info.mtimeMs, inode: info.ino, how: 'copy' }];
}

async function holdsTheSame(directory: string, files: readonly LinkedFile[]): Promise<boolean> {
  const manifest = await findJsonFile(join(directory, manifestName), manifestSchema);
  const keys = (list: readonly LinkedFile[]) =>
    list.map((file) => `${file.path} ${file.sizeBytes} ${file.modifiedMs} ${file.inode}`).sort();
  return manifest !== undefined && keys(manifest.files).join('\n') === keys(files).join('\n');
}

async function listPresent(data: string, names: readonly string[]): Promise<readonly string[]> {
  const present = await readdir(data, { withFileTypes: true }).catch(ignoreMissing);
  return names.filter((name) =>
    present?.some((entry) => entry.name === name && (entry.isFile() || entry.isDirectory())),
  );
}

async function listComplete(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory).catch(ignoreMissing)) ?? [];
  return names.filter((name) => !name.includes('.tmp-for-')).sort();
}

/** The first of them is nearest to the last good proof; the last two are nearest to now. */
async function prune(directory: string): Promise<void> {
  for (const stamp of (await listComplete(directory)).slice(1, -2)) {
    await rename(join(directory, stamp), join(directory, `${stamp}.tmp-for-deletion`));
  }
  await removeHalfMade(directory);
}

async function removeHalfMade(directory: string): Promise<void> {
  for (const name of (await readdir(directory).catch(ignoreMissing)) ?? []) {
    if (name.includes('.tmp-for-')) await rm(join(directory, name), { recursive: true });
  }
}

/** `20261124T022226.375Z`, later where the clock was set back, so that their order is the order of their making. */
async function freeStamp(directory: string, nowMs: number): Promise<string> {
  const newest = (await listComplete(directory)).at(-1);
  for (let atMs = nowMs; ; atMs += 1) {
    const stamp = stampOf(atMs);
    if (newest === undefined || stamp > newest) return stamp;
    if (newest > stampOf(atMs + 86_400_000)) return `${newest}+`;
  }
}

function stampOf(atMs: number): string {
  return new Date(atMs).toISOString().replaceAll(/[-:]/g, '');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

function cannotSetAside(component: VolumeComponent, directory: string, error: unknown): HoldfastError {
  const full = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
  return new HoldfastError(full ? 'disk-full' : 'io', {
    message: `${component} did not stop cleanly, and what its own repair could destroy cannot be set aside in ${directory}: ${error instanceof Error ? error.message : String(error)}. It was not started; its volume is untouched.`,
    remedy: full
      ? `Free space on the file system of ${directory}, then run \`holdfast up\`.`
      : `Make ${directory} writable for this user, then run \`holdfast up\`.`,
    cause: error,
  });
}
