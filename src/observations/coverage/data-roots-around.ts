import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../../model/paths.ts';

/** Data roots that a data directory may belong to: those that are given, and what lies around it, where there is a stack. */
export function findDataRootsAround(dataDirectory: string, dataRoots: readonly string[]): readonly string[] {
  const above = dirname(dirname(dataDirectory));
  const candidates = [...new Set([...dataRoots, above, dirname(above)])];
  return candidates.filter((path) => isThere(join(path, paths.stackFile)));
}

/** What cannot be looked at is nobody's. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}
