import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { volumeComponents, type VolumeComponent } from '../../model/component.ts';
import { dataDirectoryInVolume, paths } from '../../model/paths.ts';
import type { StackFile } from '../../model/stack-file.ts';
import { identifyDirectory, listEntries } from '../identify-directory.ts';

/** Data of a component. */
export interface LocatedData {
  readonly component: VolumeComponent;
  /** Where its files lie; of Prometheus, that or a directory above it. */
  readonly directory: string;
  /** Pushgateway's one file, below the directory. */
  readonly dataFile: string;
}

const usualDataFile = 'pushgateway.data';

/** A volume of a stack, and where the data lies in it. */
export function locateVolume(
  dataRoot: string,
  stack: StackFile,
  component: VolumeComponent,
): LocatedData & { readonly volume: string } {
  const listed = stack.volumes.find((volume) => volume.component === component);
  const volume = join(dataRoot, listed?.path ?? paths.volume(component));
  const below = component === 'prometheus' ? '' : (dataDirectoryInVolume[component] ?? '');
  return { component, volume, directory: join(volume, below), dataFile: usualDataFile };
}

/**
 * What a directory holds, told by its content, else, where that is damaged, by the names of its files; what is nothing else
 * is for the check of Prometheus to refuse. Throws `not-adoptable` where it is more than one thing.
 */
export async function locateData(directory: string): Promise<LocatedData> {
  // What is no directory is for the check of Prometheus to refuse as well.
  const isDirectory = (await stat(directory).catch(() => undefined))?.isDirectory() === true;
  const found = isDirectory ? await identifyDirectory(directory) : undefined;
  if (found?.kind === 'prometheus') return { component: 'prometheus', directory, dataFile: usualDataFile };
  if (found !== undefined) {
    return { component: found.kind, directory: found.dataDirectory, dataFile: found.dataFile ?? usualDataFile };
  }
  for (const component of volumeComponents) {
    const name = namesOf[component];
    for (const place of [directory, join(directory, dataDirectoryInVolume[component] ?? '')]) {
      if (name !== undefined && hasFile(place, name)) return { component, directory: place, dataFile: usualDataFile };
    }
  }
  return { component: 'prometheus', directory, dataFile: usualDataFile };
}

/** Files by which a damaged one of them is still known. */
const namesOf: Readonly<Partial<Record<VolumeComponent, string>>> = {
  pushgateway: usualDataFile,
  grafana: 'grafana.db',
};

function hasFile(directory: string, name: string): boolean {
  try {
    return listEntries(directory).some((entry) => entry.name === name && entry.isFile());
  } catch {
    return false;
  }
}
