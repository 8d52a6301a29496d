import type { ProcessReader } from '../adapters/processes/processes.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StepProgress } from '../model/handler.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { TsdbTask, TsdbTasks } from '../tsdb/tsdb-task.ts';
import { identifyDirectory } from './identify-directory.ts';
import { requireDirectory } from './require-directory.ts';

export interface TsdbReaders extends Pick<ProcessReader, 'findWriterBelow'> {
  readonly run: <T extends TsdbTask>(
    task: T,
    options: { readonly onProgress: (done: number, total: number) => void; readonly signal: AbortSignal },
  ) => Promise<TsdbTasks[T['kind']]['answer']>;
  readonly now: () => number;
}

export interface TsdbLook {
  readonly progress: (progress: StepProgress) => void;
  readonly signal: AbortSignal;
  /** Up to here the window that it falls into is counted besides. */
  readonly cutMs?: number | null;
  /** Where somebody writes: how old a sample is that has surely been written. A minute. */
  readonly settlingMs?: number;
  /** Only this block is counted, also if it is replaced. */
  readonly onlyBlock?: string;
}

/**
 * Scrapes and rule evaluations bear the time at which they began and are written when they end: what is this old has been
 * written, or its scrape has run into any timeout that is usual.
 */
const usualSettlingMs = 60_000;

/** Counts the TSDB in a directory, or in the one that lies below it. Throws `not-a-tsdb` where there is none. */
export async function observeTsdbInventory(
  directory: string,
  readers: TsdbReaders,
  look: TsdbLook,
): Promise<TsdbInventory> {
  return countDataDirectory(await findDataDirectory(directory), readers, look);
}

/** As observeTsdbInventory, of a directory that is known to be Prometheus' own, though it may be empty yet. */
export async function countDataDirectory(
  dataDirectory: string,
  readers: TsdbReaders,
  { progress, signal, cutMs = null, settlingMs = usualSettlingMs, onlyBlock }: TsdbLook,
): Promise<TsdbInventory> {
  const settledMs = (await mayBeWritten(dataDirectory, readers)) ? Math.floor(readers.now()) - settlingMs : null;
  return readers.run(
    { kind: 'inventory', directory: dataDirectory, settledMs, cutMs, ...(onlyBlock !== undefined && { onlyBlock }) },
    { signal, onProgress: (done, total) => progress({ done, total, unit: 'bytes', text: dataDirectory }) },
  );
}

/** Where not all of it may be looked at, somebody may write to it. */
async function mayBeWritten(dataDirectory: string, readers: TsdbReaders): Promise<boolean> {
  try {
    return (await readers.findWriterBelow(dataDirectory)) !== undefined;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'io') return true;
    throw error;
  }
}

const nameOne = 'Name a directory with blocks or wal/ in it, or the volume above it.';

/**
 * The data directory that a directory is, or has below it. Throws `not-a-tsdb` where there is none, and `not-a-directory`
 * for what is not even that.
 */
export async function findDataDirectory(directory: string): Promise<string> {
  await requireDirectory(directory, nameOne);
  const found = await identifyDirectory(directory);
  if (found?.kind === 'prometheus') return found.dataDirectory;
  const what = found === undefined ? 'nothing that Prometheus writes' : `data of ${found.kind}`;
  throw new HoldfastError('not-a-tsdb', {
    message: `${directory} holds ${what}. It was only looked at.`,
    remedy: nameOne,
    details: { directory },
  });
}
