import { constants } from 'node:fs';
import { copyFile, lstat } from 'node:fs/promises';
import { join } from 'node:path';

/** What SQLite keeps beside a database while it writes, and leaves there where it dies. */
export type Companion = '-journal' | '-wal' | '-shm';

const companions: readonly Companion[] = ['-journal', '-wal', '-shm'];
const mostAttempts = 5;

/** Those that are there and hold something. */
export async function findCompanions(file: string): Promise<readonly Companion[]> {
  const found: Companion[] = [];
  for (const companion of companions) {
    const info = await lstat(`${file}${companion}`).catch(() => undefined);
    if (info?.isFile() === true && info.size > 0) found.push(companion);
  }
  return found;
}

/** True where neither the database nor its log has been written to since then. */
export async function isQuietSince(file: string, sinceMs: number): Promise<boolean> {
  const times = ['', '-wal'].map(async (suffix) => (await lstat(`${file}${suffix}`).catch(() => undefined))?.mtimeMs);
  return (await Promise.all(times)).every((atMs) => atMs === undefined || atMs < sinceMs);
}

/**
 * Copies a database with its journal or log into a folder, as copy.db: false where one of them changed each time. The
 * shared memory is left out; SQLite makes it anew from the log.
 */
export async function copyQuiet(file: string, folder: string, present: readonly Companion[]): Promise<boolean> {
  const suffixes = ['', ...present.filter((companion) => companion !== '-shm')];
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const before = await stampOf(file);
    for (const suffix of suffixes) {
      await copyFile(`${file}${suffix}`, join(folder, `copy.db${suffix}`), constants.COPYFILE_FICLONE);
    }
    if ((await stampOf(file)) === before) return true;
  }
  return false;
}

/** Identity, size and time of change of all of them, also of one that appears. */
async function stampOf(file: string): Promise<string> {
  const stamps = ['', '-journal', '-wal'].map(async (suffix) => {
    const info = await lstat(`${file}${suffix}`, { bigint: true }).catch(() => undefined);
    return info === undefined ? '-' : [info.ino, info.size, info.mtimeNs, info.ctimeNs].join(':');
  });
  return (await Promise.all(stamps)).join(' ');
}
