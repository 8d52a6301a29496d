import { basename, dirname, join } from 'node:path';
import { isUnfinishedBlock } from '../../tsdb/block/hidden-blocks.ts';
import { isBlockName } from '../../tsdb/block-meta.ts';
import { isKnown } from '../../tsdb/check/leftovers.ts';
import { dataDirectories, listEntries, lookAt, type IdentifiedDirectory } from '../identify-directory.ts';
import { reasonOf } from './reason-of.ts';

/** A data directory, and the directory above it that was the volume. */
export interface Candidate {
  readonly path: string;
  readonly found: IdentifiedDirectory;
  readonly isSnapshot: boolean;
}

export interface UnreadablePlace {
  readonly path: string;
  readonly reason: string;
}

/** What one directory on the way turned out to be. */
export interface Visit {
  readonly candidates: readonly Candidate[];
  readonly unreadable: UnreadablePlace | null;
}

/** A volume lies one or two levels below a share, in a data root or a backup some more. */
const deepest = 8;

/**
 * Visits every directory below one, itself included, in the order of their names. Symlinks are not followed, and of the data of
 * a program only that is looked into which the program does not write: another volume may lie in it.
 */
export function* walkShare(root: string): Generator<Visit, void> {
  const pending = [{ directory: root, depth: 0, isInData: false }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { directory, depth, isInData } = next;
    try {
      const entries = listEntries(directory);
      const found = lookAt(directory, entries);
      const below = entries.filter((entry) => entry.isDirectory() && isPromising(entry.name, found));
      if (depth < deepest) {
        const at = { depth: depth + 1, isInData: found.length > 0 };
        pending.push(...below.map(({ name }) => ({ directory: join(directory, name), ...at })).reverse());
      }
      const tooDeep = depth === deepest && below.length > 0;
      yield {
        candidates: found.map((one) => candidateOf(one, { root, isInData })),
        unreadable: tooDeep
          ? { path: directory, reason: `what lies more than ${deepest} levels deep is not looked at` }
          : null,
      };
    } catch (error) {
      yield { candidates: [], unreadable: { path: directory, reason: reasonOf(error) } };
    }
  }
}

/** Snapshots of a Prometheus are data directories of their own. Grafana keeps whole trees of others' files. */
function isPromising(name: string, found: readonly IdentifiedDirectory[]): boolean {
  if (found.length === 0) return !isBlockName(name);
  if (found.some(({ kind }) => kind !== 'prometheus')) return dataDirectories.some((known) => known === name);
  return name === 'snapshots' || !(isKnown(name) || isBlockName(name) || isUnfinishedBlock(name));
}

const dataDirectoryNames = ['prometheus-db', 'alertmanager-db'];

interface Surroundings {
  readonly root: string;
  /** True where the directory above is a data directory, and so the volume of its own data. */
  readonly isInData: boolean;
}

/** As the charts lay a volume out, the data is one level below it. */
function candidateOf(found: IdentifiedDirectory, { root, isInData }: Surroundings): Candidate {
  const { dataDirectory } = found;
  const isBelow = dataDirectoryNames.includes(basename(dataDirectory)) && dataDirectory !== root && !isInData;
  const path = isBelow ? dirname(dataDirectory) : dataDirectory;
  const isSnapshot = found.kind === 'prometheus' && basename(dirname(dataDirectory)) === 'snapshots';
  return { path, found, isSnapshot };
}
