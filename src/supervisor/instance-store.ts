import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { instanceFileSchema, type InstanceFile } from '../contract/daemon-api.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import { paths } from '../model/paths.ts';

/** Where a data root is, in a way that a copy of it does not share. */
export type DataRootPlace = InstanceFile['dataRoot'];

export async function readDataRootPlace(dataRoot: string): Promise<DataRootPlace> {
  const info = await stat(dataRoot);
  return { path: dataRoot, device: info.dev, inode: info.ino };
}

export function isSamePlace(a: DataRootPlace, b: DataRootPlace): boolean {
  return a.device === b.device && a.inode === b.inode;
}

/** Reads run/<component>.json; undefined where there is none. Throws `corrupt-file`. */
export async function findInstance(dataRoot: string, component: string): Promise<InstanceFile | undefined> {
  return findJsonFile(join(dataRoot, paths.instance(component)), instanceFileSchema);
}

export async function writeInstance(dataRoot: string, instance: InstanceFile): Promise<void> {
  const path = join(dataRoot, paths.instance(instance.component));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomically(path, `${JSON.stringify(instance, null, 2)}\n`, { mode: 0o600 });
}
