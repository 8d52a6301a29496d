import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../model/paths.ts';
import type { Plan, Verb } from '../model/plan.ts';
import { readBytes } from './list-runs.ts';
import { readJournal } from './read-journal.ts';

/** The plan of the newest run of a verb, where that run has not come to its end; undefined where there is none. */
export async function findUnfinishedPlan(root: string, verb: Verb): Promise<Plan | undefined> {
  const names = await readdir(join(root, paths.journal)).catch((): string[] => []);
  const runs = names.filter((name) => name.endsWith('.ndjson')).map((name) => name.slice(0, -'.ndjson'.length));
  let newest: { readonly atMs: number; readonly plan: Plan; readonly isDone: boolean } | undefined;
  for (const run of runs) {
    const { lines } = readJournal(await readBytes(join(root, paths.journalOf(run))));
    const begun = lines.findLast((line) => line !== 'damaged' && line.type === 'begun');
    if (begun?.verb !== verb) continue;
    const isDone = lines.some((line) => line !== 'damaged' && line.type === 'ended' && line.outcome === 'done');
    if (newest === undefined || begun.atMs > newest.atMs) newest = { atMs: begun.atMs, plan: begun.plan, isDone };
  }
  return newest === undefined || newest.isDone ? undefined : newest.plan;
}
