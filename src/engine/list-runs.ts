import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findErrno, fromFsError } from '../files/fs-errors.ts';
import { readLock } from '../files/lock.ts';
import { paths } from '../model/paths.ts';
import { isSameProcess, type ProcessIdentity } from '../model/process-identity.ts';
import type { RunSummary } from '../model/run.ts';
import { readJournal } from './read-journal.ts';
import { summarizeRun } from './summarize-run.ts';

export interface ListRunsOptions {
  /** At most that many, the newest by their ids. Default all. */
  readonly limit?: number;
}

/** A run has a few dozen lines of a few hundred bytes, and a plan of a few kilobytes for each attempt. */
const maxBytes = 64 * 2 ** 20;

/**
 * All runs of a data root, newest first. A run without an end is `running` while its process lives, else `interrupted`.
 * `isAlive` may throw for another host's process: then the run is `running` only while that process holds the lock.
 */
export async function listRuns(
  root: string,
  isAlive: (identity: ProcessIdentity) => Promise<boolean>,
  options: ListRunsOptions = {},
): Promise<readonly RunSummary[]> {
  const runs = (await listNames(join(root, paths.journal)))
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => name.slice(0, -'.ndjson'.length))
    .sort()
    .reverse()
    .slice(0, options.limit);
  const summaries = await Promise.all(runs.map((run) => readRun(root, run, isAlive)));
  return summaries.sort((a, b) => b.startedAtMs - a.startedAtMs || (a.run < b.run ? 1 : -1));
}

async function readRun(
  root: string,
  run: string,
  isAlive: (identity: ProcessIdentity) => Promise<boolean>,
): Promise<RunSummary> {
  const { summary, openedBy } = summarizeRun(run, readJournal(await readBytes(join(root, paths.journalOf(run)))));
  if (openedBy === null) return summary;
  const runs = await isAlive(openedBy).catch(() => holdsLock(root, openedBy));
  return { ...summary, state: runs ? 'running' : 'interrupted' };
}

async function holdsLock(root: string, identity: ProcessIdentity): Promise<boolean> {
  const lock = await readLock(join(root, paths.lock));
  return lock.state === 'held' && isSameProcess(lock.holder, identity);
}

/** The beginning of a file that is too long; what is missing then shows as a run without an end. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      if (!info.isFile()) return new Uint8Array();
      const bytes = Buffer.alloc(Math.min(info.size, maxBytes));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return new Uint8Array();
    throw fromFsError(error, path, 'read');
  }
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return [];
    throw fromFsError(error, directory, 'read');
  }
}
