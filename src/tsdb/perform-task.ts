import { randomBytes } from 'node:crypto';
import { findErrno } from '../files/fs-errors.ts';
import { onlyBlock } from './block/only-block.ts';
import { FileWindow } from './bytes/file-window.ts';
import { performCheck, performCheckHelped } from './check/perform-check.ts';
import { coverTsdb } from './coverage/cover-tsdb.ts';
import { compareSeries } from './compare/compare-series.ts';
import { compareUnion } from './compare/compare-union.ts';
import { holdFiles, type HeldFiles, type SharedFiles } from './files/held-files.ts';
import { numberedChunks } from './block/chunk-files.ts';
import { quietFiles } from './files/quiet-files.ts';
import { takeInventory, takeInventoryHelped } from './inventory/take-inventory.ts';
import type { TsdbFiles } from './files/tsdb-files.ts';
import { filesBefore } from './repair/files-before.ts';
import { isSuccessor } from './repair/is-successor.ts';
import { countSalvage, rewriteSegment } from './repair/rewrite-segment.ts';
import { surveyTsdb } from './repair/survey.ts';
import type { StartHelper } from './threads/helper-task.ts';
import type { CompareTask, InventoryTask, TsdbMessage, TsdbTask, TsdbTasks } from './tsdb-task.ts';
import { copyBlock } from './write/copy-block.ts';
import { dropLosers } from './write/drop-losers.ts';
import { newUlid } from './write/new-ulid.ts';
import { writeHeadBlocks } from './write/write-head-blocks.ts';

type Tell = (message: TsdbMessage) => void;
type Perform<K extends keyof TsdbTasks> = (
  task: TsdbTasks[K]['ask'],
  tell: Tell,
  startHelper: StartHelper | null,
) => TsdbTasks[K]['answer'] | Promise<TsdbTasks[K]['answer']>;

const performers: { readonly [K in keyof TsdbTasks]: Perform<K> } = {
  inventory: (task, tell, startHelper) => {
    const { directory, settledMs, cutMs = null } = task;
    const counting = { settledMs, cutMs };
    const quiet = findQuietView(task);
    if (quiet !== undefined) return takeInventory({ ...counting, files: quiet, onRead: reportEvery(0, tell) });
    return withFiles(directory, (files, total) => {
      const options = { ...counting, files, onRead: reportEvery(total, tell) };
      if (startHelper === null) return takeInventory(options);
      return takeInventoryHelped({ ...options, directory, shared: shareOf(files), startHelper });
    });
  },
  coverage: (task, tell) =>
    withFiles(task.directory, (files, total) => coverTsdb({ ...task, files, onRead: reportEvery(total, tell) })),
  compare: (task, tell) =>
    withBefore(task, (before) =>
      withFiles(task.after, (after) =>
        withAll(task.others ?? [], (others) =>
          compareSeries({ ...task, before, after, others, onRead: reportEvery(0, tell) }),
        ),
      ),
    ),
  // Nobody writes to any of them.
  'compare-union': ({ sources, result, ...task }, tell) =>
    compareUnion({
      ...task,
      sources: sources.map(quietFiles),
      result: result === null ? null : quietFiles(result),
      onRead: reportEvery(0, tell),
    }),
  'drop-losers': (task, tell) => dropLosers({ ...task, onRead: reportEvery(0, tell) }),
  // What a check cannot read is a finding, and no reason to read nothing.
  check: (task, tell, startHelper) =>
    withFiles(
      task.directory,
      (files, total) => {
        const onRead = reportEvery(total, tell);
        if (startHelper === null) return performCheck(task, files, onRead);
        return performCheckHelped(task, files, { onRead, help: { shared: shareOf(files), startHelper } });
      },
      [...tooManyFiles, 'EACCES', 'EIO'],
    ),
  survey: ({ directory }, tell) => surveyTsdb(directory, reportEvery(0, tell)),
  'copy-block': ({ directory: into, block: meta, to: ulid, from = into, isNumbered = false }, tell) => {
    const onRead = reportEvery(0, tell);
    const files = isNumbered ? numberedChunks(quietFiles(from), meta.ulid) : quietFiles(from);
    return copyBlock({ from: files, meta, into, ulid, onDamage: () => undefined, onRead });
  },
  'is-successor': (task, tell) => {
    const [from, files] = [quietFiles(task.from), quietFiles(task.directory)];
    return isSuccessor(task, { from, files, onRead: reportEvery(0, tell) });
  },
  'write-head': ({ directory, coveredToMs, into, nowMs }, tell) =>
    withFiles(directory, (files, total) => {
      const nameOf = (): string => newUlid(nowMs, randomBytes(10));
      return writeHeadBlocks({ files, coveredToMs, into, newUlid: nameOf, onRead: reportEvery(total, tell) });
    }),
  'count-segment': (task) =>
    withSegment(task, (file) => {
      let damages = 0;
      return { ...countSalvage(file, () => (damages += 1)), damages };
    }),
  'rewrite-segment': (task) => withSegment(task, (file) => ({ ...rewriteSegment(file, task.to), damages: 0 })),
};

/**
 * Does a task and tells how it goes. It blocks, so it belongs into a thread of its own; for large ones it takes another one,
 * where it may.
 */
export async function performTask(task: TsdbTask, tell: Tell, startHelper: StartHelper | null = null): Promise<void> {
  try {
    const perform = performers[task.kind] as (task: TsdbTask, tell: Tell, startHelper: StartHelper | null) => unknown;
    tell({ type: 'result', value: await perform(task, tell, startHelper) });
  } catch (error) {
    const isError = error instanceof Error;
    tell({
      type: 'failed',
      message: isError ? error.message : String(error),
      stack: isError ? (error.stack ?? null) : null,
      errno: findErrno(error) ?? null,
    });
  }
}

function withBefore<T>(task: CompareTask, use: (files: TsdbFiles) => Promise<T>): Promise<T> {
  const quiet = findQuietView(task);
  return quiet === undefined ? withFiles(task.directory, use) : use(quiet);
}

/** Nobody writes where a repair is at work, nor to a block that is replaced. */
function findQuietView({ directory, beforeRepair, onlyBlock: block }: InventoryTask | CompareTask) {
  if (beforeRepair !== undefined) return filesBefore(directory, beforeRepair);
  return block === undefined ? undefined : onlyBlock(quietFiles(directory), block);
}

type OpenFiles = HeldFiles | ReturnType<typeof quietFiles>;

function shareOf(files: OpenFiles): SharedFiles | null {
  return 'share' in files ? files.share() : null;
}

async function withFiles<T>(
  directory: string,
  use: (files: OpenFiles, total: number) => T | Promise<T>,
  passable: readonly string[] = tooManyFiles,
): Promise<T> {
  const files = openFiles(directory, passable);
  try {
    return await use(files, 'sizeBytes' in files ? files.sizeBytes : 0);
  } finally {
    if ('close' in files) files.close();
  }
}

async function withAll<T>(directories: readonly string[], use: (all: readonly OpenFiles[]) => T): Promise<T> {
  const open = async (rest: readonly string[], opened: readonly OpenFiles[]): Promise<T> => {
    const [next, ...later] = rest;
    return next === undefined ? use(opened) : withFiles(next, (files) => open(later, [...opened, files]));
  };
  return open(directories, []);
}

function withSegment<T>(
  { directory, path }: { readonly directory: string; readonly path: string },
  use: (file: FileWindow) => T,
): T {
  const file = new FileWindow(quietFiles(directory).open(path));
  try {
    return use(file);
  } finally {
    file.close();
  }
}

const tooManyFiles = ['EMFILE', 'ENFILE'];

/** Everything held open, so that it stays as it is; where that cannot be for a passable reason, one after the other. */
function openFiles(directory: string, passable: readonly string[]): OpenFiles {
  try {
    return holdFiles(directory, 'all', passable.includes('EACCES') ? 'thrown' : 'refused');
  } catch (error) {
    const errno = findErrno(error);
    if (errno === undefined || !passable.includes(errno)) throw error;
    return quietFiles(directory);
  }
}

const tellEveryBytes = 16 << 20;

/** `total` 0 where it shows only while it is read how much there is. What is read twice makes it no more than all. */
function reportEvery(total: number, tell: Tell): (bytes: number) => void {
  let done = 0;
  let told = 0;
  return (bytes) => {
    done += bytes;
    if (done - told < tellEveryBytes) return;
    told = done;
    tell({ type: 'progress', done: total === 0 ? done : Math.min(done, total), total });
  };
}
