import { constants } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { syncDirectory } from '../files/atomic-file.ts';
import { withFsErrors } from '../files/fs-errors.ts';
import { paths } from '../model/paths.ts';
import type { JournalEntry } from '../model/run.ts';
import { renderJournalLine } from './journal-line.ts';

/** The memory of one run. The world is the truth: nothing is ever skipped because of what stands here. */
export interface Journal {
  /** Once this returns the entry is on disk. Throws `disk-full`, `data-root-not-writable` or `io`. */
  append(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens journal/<run>.ndjson below a data root, making it where there is none. A last line that a crash has cut short is
 * cut off first, so that the next one does not stick to it. Only for whoever holds the data root's lock.
 */
export async function openJournal(root: string, run: string): Promise<Journal> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(run)) throw badRunId(run);
  const path = join(root, paths.journalOf(run));
  const file = await withFsErrors(path, 'write', () => openForAppending(path));
  return {
    append: (entry) => withFsErrors(path, 'write', () => appendLine(file, renderJournalLine(entry))),
    close: () => file.close(),
  };
}

async function openForAppending(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    await cutTornLine(file);
    await syncDirectory(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const wholeBytes = await endOfLastLine(file, size);
  if (wholeBytes === size) return;
  await file.truncate(wholeBytes);
  await file.sync();
}

/** Looks for the last line feed from the end, piece by piece: a journal may be long, a torn line seldom is. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const piece = Buffer.alloc(65_536);
  for (let end = size; end > 0; end -= piece.length) {
    const start = Math.max(0, end - piece.length);
    const { bytesRead } = await file.read(piece, 0, end - start, start);
    const lineFeed = piece.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lineFeed >= 0) return start + lineFeed + 1;
  }
  return 0;
}

async function appendLine(file: FileHandle, line: string): Promise<void> {
  const { size } = await file.stat();
  try {
    await file.appendFile(line);
    await file.datasync();
  } catch (error) {
    // Half a line would swallow the next one, which says why the run ended.
    await file.truncate(size).catch(() => undefined);
    throw error;
  }
}

function badRunId(run: string): HoldfastError {
  return new HoldfastError('bad-arguments', {
    message: `${JSON.stringify(run)} is not the id of a run.`,
    remedy: 'List the runs with: holdfast runs',
  });
}
