import { basename, dirname, join } from 'node:path';
import { isBlockName } from '../../tsdb/block-meta.ts';
import { listEntries, lookAt, type IdentifiedDirectory } from '../identify-directory.ts';
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
 * Visits every directory below one, itself included, in the order of their names. Symlinks are not followed, and data of a
 * program is not looked into, but for the snapshots of a Prometheus.
 */
export function* walkShare(root: string): Generator<Visit, void> {
  const pending = [{ directory: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { directory, depth } = next;
    try {
      const entries = listEntries(directory);
      const found = lookAt(directory, entries);
      const below = entries.filter((entry) => entry.isDirectory() && isPromising(entry.name, found.length > 0));
      if (depth < deepest) {
        const deeper = below.map(({ name }) => ({ directory: join(directory, name), depth: depth + 1 }));
        pending.push(...deeper.reverse());
      }
      const tooDeep = depth === deepest && below.length > 0;
      yield {
        candidates: found.map((one) => candidateOf(one, root)),
        unreadable: tooDeep
          ? { path: directory, reason: `what lies more than ${deepest} levels deep is not looked at` }
          : null,
      };
    } catch (error) {
      yield { candidates: [], unreadable: { path: directory, reason: reasonOf(error) } };
    }
  }
}

function isPromising(name: string, isData: boolean): boolean {
  return isData ? name === 'snapshots' : !isBlockName(name);
}

const dataDirectoryNames = ['prometheus-db', 'alertmanager-db'];

/** As the charts lay a volume out, the data is one level below it. */
function candidateOf(found: IdentifiedDirectory, root: string): Candidate {
  const { dataDirectory } = found;
  const isBelow = dataDirectoryNames.includes(basename(dataDirectory)) && dataDirectory !== root;
  const path = isBelow ? dirname(dataDirectory) : dataDirectory;
  const isSnapshot = found.kind === 'prometheus' && basename(dirname(dataDirectory)) === 'snapshots';
  return { path, found, isSnapshot };
}
