import { basename, dirname, join } from 'node:path';
import { quarantineFiles } from '../../data-root/quarantine-files.ts';
import type { VolumeComponent } from '../../model/component.ts';
import { isBlockName } from '../../tsdb/block-name.ts';
import { lookAt } from '../identify-directory.ts';
import type { ScannedTree } from './scan-tree.ts';

/** Data of a component in a directory that is to be discarded, beside what that is itself. */
export interface VolumeBelow {
  /** Absolute path of the directory that was one volume. */
  readonly path: string;
  readonly kind: VolumeComponent;
  /** True for what a repair has moved aside. */
  readonly isQuarantine: boolean;
}

/** So many are looked for; where there are as many, there may be more. */
export const mostVolumesBelow = 100;

/**
 * The first data directories in a scanned directory, however deep, in the order of their paths, without the one that it is
 * taken for (`own`). Snapshots of a Prometheus are part of it.
 */
export function listVolumesBelow(
  directory: string,
  { files }: ScannedTree,
  own: string | undefined,
): readonly VolumeBelow[] {
  const found: VolumeBelow[] = [];
  const prometheus = new Set(own === undefined ? [] : [own]);
  for (const below of foldersWithData(files)) {
    const path = join(directory, below);
    if (path === own || isSnapshotOf(path, prometheus)) continue;
    for (const { kind } of lookAt(path)) {
      if (kind === 'prometheus') prometheus.add(path);
      found.push({ path: volumeOf(path, directory), kind, isQuarantine: isInQuarantine(below, files) });
    }
    if (found.length >= mostVolumesBelow) break;
  }
  return found.slice(0, mostVolumesBelow);
}

/** Every directory with a byte somewhere below it, but for those inside of a block. */
function foldersWithData(files: ScannedTree['files']): readonly string[] {
  const folders = new Set<string>();
  for (const [file, { sizeBytes }] of files) {
    if (sizeBytes === 0) continue;
    const parts = file.split('/').slice(0, -1);
    const block = parts.findIndex(isBlockName);
    const deepest = block === -1 ? parts.length : block;
    for (let depth = 0; depth <= deepest; depth += 1) folders.add(parts.slice(0, depth).join('/'));
  }
  return [...folders].sort();
}

/** The folder of a repair's run is told by the two files that it writes there first. */
function isInQuarantine(below: string, files: ScannedTree['files']): boolean {
  const parts = below.split('/');
  return parts.some((_, at) => {
    const folder = parts.slice(0, at + 1).join('/');
    return quarantineFiles.every((name) => files.has(join(folder, name)));
  });
}

function isSnapshotOf(path: string, prometheus: ReadonlySet<string>): boolean {
  return basename(dirname(path)) === 'snapshots' && prometheus.has(dirname(dirname(path)));
}

/** As the charts lay a volume out, the data is one level below it. */
function volumeOf(path: string, directory: string): string {
  const isBelow = ['prometheus-db', 'alertmanager-db'].includes(basename(path)) && path !== directory;
  const above = dirname(path);
  return isBelow && above !== directory ? above : path;
}
