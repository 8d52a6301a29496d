import { checkBlocks } from '../check/check-blocks.ts';
import { countUnits } from '../inventory/count-units.ts';
import type { HelperTask, HelperTasks } from './helper-task.ts';

const performers: { readonly [K in keyof HelperTasks]: (task: HelperTasks[K]['ask']) => HelperTasks[K]['answer'] } = {
  'count-units': countUnits,
  'check-blocks': checkBlocks,
};

/** Does its part of a task. Synchronous: it belongs into a thread of its own. */
export function performHelperTask(task: HelperTask): unknown {
  const perform = performers[task.kind] as (task: HelperTask) => unknown;
  return perform(task);
}
