import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { listEntries } from '../identify-directory.ts';

export interface ScannedFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** The regular files of a volume by their paths below it, with one look at each. Throws `io` where it cannot be read. */
export function scanVolume(directory: string): ReadonlyMap<string, ScannedFile> {
  const files = new Map<string, ScannedFile>();
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of listEntries(join(directory, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isFile()) continue;
      // One that vanishes meanwhile counts nothing: a TSDB deletes blocks while we look.
      const info = lstatSync(join(directory, path), { throwIfNoEntry: false });
      if (info !== undefined) files.set(path, { sizeBytes: info.size, modifiedMs: info.mtimeMs });
    }
  }
  return files;
}
