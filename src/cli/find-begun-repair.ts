import { findUnfinishedPlan } from '../engine/find-unfinished-plan.ts';
import type { Plan } from '../model/plan.ts';
import type { RepairStep } from '../model/repair-step.ts';
import { hasBegun, type TsdbPlace } from '../observations/tsdb-survey.ts';
import { continueRepair } from '../operations/continue-repair.ts';

/** The plan of a repair of this directory that was broken off once it had begun to move anything: the next one goes on with it. */
export async function findBegunRepair(
  place: TsdbPlace & { readonly name: string },
): Promise<Plan<RepairStep> | undefined> {
  const unfinished = await findUnfinishedPlan(place.quarantine, 'repair');
  const continued = unfinished === undefined ? undefined : continueRepair(unfinished, place);
  return continued !== undefined && (await hasBegun(continued, place)) ? continued : undefined;
}
