import type { Handler } from '../../../model/handler.ts';
import type { StopDaemonStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** Components have been stopped by steps of their own before; the daemon only has to end. */
const daemonGraceMs = 30_000;

export function stopDaemonHandler(world: StandaloneWorld): Handler<StopDaemonStep> {
  return {
    isDone: async (step) => !(await world.processes.isAlive(step.identity)),
    async apply(step, { signal }) {
      await world.processes.stop(step.identity, { graceMs: daemonGraceMs, signal });
    },
  };
}
