import type { Handler } from '../../../model/handler.ts';
import type { StartDaemonStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

export function startDaemonHandler(world: StandaloneWorld): Handler<StartDaemonStep> {
  return {
    isDone: async (_step, { signal }) => (await world.daemon.observe({ fresh: false }, signal)) !== undefined,
    apply: (_step, { signal }) => world.startDaemon(signal),
  };
}
