import { lstatSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { listEntries } from '../identify-directory.ts';

export interface ScannedFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface ScannedVolume {
  /** The regular files by their paths below it. */
  readonly files: ReadonlyMap<string, ScannedFile>;
  /** What is neither a file nor a directory nor a symlink, by its path, and what it is instead. */
  readonly odd: ReadonlyMap<string, string>;
}

/** What lies in a volume, with one look at each. Throws `io` where it cannot be read. */
export function scanVolume(directory: string): ScannedVolume {
  const odd = new Map<string, string>();
  const files = new Map<string, ScannedFile>();
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of listEntries(join(directory, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      const kind = oddKindOf(entry);
      if (kind !== undefined) odd.set(path, kind);
      if (!entry.isFile()) continue;
      // One that vanishes meanwhile counts nothing: a TSDB deletes blocks while we look.
      const info = lstatSync(join(directory, path), { throwIfNoEntry: false });
      if (info !== undefined) files.set(path, { sizeBytes: info.size, modifiedMs: info.mtimeMs });
    }
  }
  return { files, odd };
}

function oddKindOf(entry: Dirent): string | undefined {
  if (entry.isFIFO()) return 'a FIFO';
  if (entry.isSocket()) return 'a socket';
  return entry.isBlockDevice() || entry.isCharacterDevice() ? 'a device' : undefined;
}
