import { sizeOfBlock } from '../block/block-size.ts';
import type { SharedFiles } from '../files/held-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { CheckedBlock, StartHelper } from '../threads/helper-task.ts';
import { SharedWork, telling } from '../threads/shared-work.ts';
import type { CheckAnswer, CheckTask } from '../tsdb-task.ts';
import { checkOne } from './check-blocks.ts';
import type { CheckContext } from './check-context.ts';
import { checkTsdb, checkTsdbHelped, type CheckedTsdb } from './check-tsdb.ts';
import { nowMs, slowDown } from './slow-down.ts';

export interface CheckHelp {
  /** Null where files are opened when they are needed. */
  readonly shared: SharedFiles | null;
  readonly startHelper: StartHelper;
  /** Blocks that are smaller together are checked alone: a thread takes its time to start. */
  readonly fewestBytes?: number;
}

const defaultFewestBytes = 64 << 20;

/** A check as a task: how much was read, how long it took, and never faster than it may be. */
export function performCheck(
  task: CheckTask,
  files: TsdbFiles & { readonly sizeBytes?: number },
  onRead: (bytes: number) => void,
): CheckAnswer {
  const run = beginRun(task, onRead);
  return answerOf(checkTsdb({ ...task, files, onRead: run.onRead }), run, files.sizeBytes);
}

/** As `performCheck`, with the help of another thread where that is worth it. */
export async function performCheckHelped(
  task: CheckTask,
  files: TsdbFiles & { readonly sizeBytes?: number },
  { onRead, help }: { readonly onRead: (bytes: number) => void; readonly help: CheckHelp },
): Promise<CheckAnswer> {
  const run = beginRun(task, onRead);
  const checkBlocks = async (context: Omit<CheckContext, 'report'>, names: readonly string[]) =>
    shareBlocks({ task, run, help, context, names });
  return answerOf(await checkTsdbHelped({ ...task, files, onRead: run.onRead, checkBlocks }), run, files.sizeBytes);
}

type Run = ReturnType<typeof beginRun>;

function beginRun({ maxBytesPerSecond }: CheckTask, onRead: (bytes: number) => void) {
  const work = new SharedWork();
  const pace = { maxBytesPerSecond, startedAtMs: nowMs() };
  const tellBytes = (): void => onRead(work.takeNewBytes());
  return {
    startedMs: performance.now(),
    pace,
    work,
    tellBytes,
    onRead: (bytes: number): void => {
      work.addBytes(bytes);
      tellBytes();
      slowDown(work.bytes, pace);
    },
  };
}

function answerOf(
  { errors, findings, blocks }: CheckedTsdb,
  { startedMs, work }: Run,
  sizeBytes?: number,
): CheckAnswer {
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  // Parts of an index are read twice; what was checked is no more than there is.
  return { ok: errors === 0, bytes: Math.min(work.bytes, sizeBytes ?? work.bytes), seconds, findings, blocks };
}

interface BlocksToShare {
  readonly task: CheckTask;
  readonly run: Run;
  readonly help: CheckHelp;
  readonly context: Omit<CheckContext, 'report'>;
  readonly names: readonly string[];
}

/** The largest first, so that both threads end at about the same time. */
async function shareBlocks({ task, run, help, context, names }: BlocksToShare): Promise<readonly CheckedBlock[]> {
  const { shared, startHelper, fewestBytes = defaultFewestBytes } = help;
  const sized = names.map((name, number) => ({ name, number, sizeBytes: sizeOfBlock(context.files, name) }));
  sized.sort((one, other) => other.sizeBytes - one.sizeBytes || one.number - other.number);
  const sizeBytes = sized.reduce((sum, block) => sum + block.sizeBytes, 0);
  const { directory, isLive } = task;
  const blocks = sized.map(({ name }) => name);
  const { work, pace } = run;
  const helping =
    names.length > 1 && sizeBytes >= fewestBytes
      ? startHelper({ kind: 'check-blocks', directory, files: shared, work: work.cells, blocks, isLive, ...pace })
      : undefined;
  // It is awaited only at the end, and may fail before.
  helping?.catch(() => undefined);
  const checked: CheckedBlock[] = [];
  for (let unit = work.takeUnit(); unit < blocks.length; unit = work.takeUnit()) {
    checked.push(checkOne(context, blocks[unit] as string, unit));
  }
  const others = helping === undefined ? [] : await telling(helping, run.tellBytes);
  return [...checked, ...others].map((block) => ({ ...block, number: sized[block.number]?.number ?? block.number }));
}
