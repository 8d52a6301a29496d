import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, type CheckBlocksTask, type CheckedBlock } from '../threads/helper-task.ts';
import { SharedWork } from '../threads/shared-work.ts';
import { entriesIn } from '../head/wal-layout.ts';
import { checkBlock } from './block-check.ts';
import type { CheckContext } from './check-context.ts';
import { CheckReport } from './check-report.ts';
import { slowDown } from './slow-down.ts';

/** Checks blocks until nobody has any left, as a helper of the thread that checks the rest. */
export function checkBlocks(task: CheckBlocksTask): readonly CheckedBlock[] {
  const { directory, isLive, blocks } = task;
  const work = new SharedWork(task.work);
  const context = {
    files: filesOf(task),
    onRead: (bytes: number): void => {
      work.addBytes(bytes);
      slowDown(work.bytes, task);
    },
    isLive,
    isThere: (path: string) => existsSync(join(directory, path)),
    listEntries: entriesIn(directory),
  };
  const checked: CheckedBlock[] = [];
  for (let number = work.takeUnit(); number < blocks.length; number = work.takeUnit()) {
    checked.push(checkOne(context, blocks[number] as string, number));
  }
  return checked;
}

/** With a report of its own, so that it does not matter when it is checked and by whom. */
export function checkOne(context: Omit<CheckContext, 'report'>, ulid: string, number: number): CheckedBlock {
  const report = new CheckReport();
  const meta = checkBlock({ ...context, report }, ulid) ?? null;
  return { number, meta, findings: report.takeState() };
}
