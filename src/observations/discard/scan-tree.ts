import { lstatSync, type BigIntStats, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { listEntries } from '../identify-directory.ts';

export interface ScannedTree {
  /** Regular files by their paths below the directory. */
  readonly files: ReadonlyMap<string, { readonly sizeBytes: number; readonly modifiedMs: number }>;
  /** What tells each directory in it, itself included, from every other one. */
  readonly directories: ReadonlySet<string>;
  /** Symlinks, devices, sockets and mounts in it, each in words: nothing of that is followed. */
  readonly strange: readonly string[];
}

/** Everything below a directory with one look at each. Throws `io` where something cannot be listed. */
export function scanTree(directory: string): ScannedTree {
  const files = new Map<string, { sizeBytes: number; modifiedMs: number }>();
  const directories = new Set<string>();
  const strange: string[] = [];
  const root = lstatSync(directory, { bigint: true });
  keysOf(root).forEach((key) => directories.add(key));
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of listEntries(join(directory, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const info = lstatSync(join(directory, path), { bigint: true, throwIfNoEntry: false });
      if (info === undefined) continue;
      const what = strangenessOf(entry, info, root);
      if (what !== undefined) strange.push(`${path} ${what}`);
      else if (info.isDirectory()) {
        keysOf(info).forEach((key) => directories.add(key));
        pending.push(path);
      } else files.set(path, { sizeBytes: Number(info.size), modifiedMs: Number(info.mtimeNs) / 1e6 });
    }
  }
  return { files, directories, strange };
}

function strangenessOf(entry: Dirent, info: BigIntStats, root: BigIntStats): string | undefined {
  if (info.isSymbolicLink()) return 'is a symlink';
  if (info.dev !== root.dev) return 'is on another file system';
  if (!info.isFile() && !info.isDirectory()) return 'is neither a file nor a directory';
  return entry.name.startsWith('.nfs') ? 'was deleted while a process had it open on NFS' : undefined;
}

/**
 * Directories have no second hard link: the same numbers are the same directory, however it is reached. Through NFS or an
 * overlay it is on another device, with the same number and the same last change to the nanosecond.
 */
function keysOf({ dev, ino, ctimeNs }: BigIntStats): readonly string[] {
  return [`device ${dev} ${ino}`, `changed ${ctimeNs} ${ino}`];
}
