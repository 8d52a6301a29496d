import type { Handler } from '../../../model/handler.ts';
import type { PurgeProgramsStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** Done once this process has purged: another stack may fill the same cache again at any time. */
export function purgeProgramsHandler(world: StandaloneWorld): Handler<PurgeProgramsStep> {
  let isPurged = false;
  return {
    isDone: () => Promise.resolve(isPurged),
    async apply() {
      await world.programs.purge();
      isPurged = true;
    },
  };
}
