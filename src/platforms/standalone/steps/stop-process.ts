import type { Handler } from '../../../model/handler.ts';
import type { ProcessComponent } from '../../../model/component.ts';
import type { StopProcessStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** SIGTERM first: Prometheus flushes, Alertmanager and Pushgateway write their files only then. */
const graceMs: Readonly<Record<ProcessComponent, number>> = {
  prometheus: 300_000,
  alertmanager: 60_000,
  pushgateway: 60_000,
  'node-exporter': 10_000,
  grafana: 30_000,
};

/**
 * Stops one instance. The daemon is told first, so that it does not start it again; where there is no daemon, or the
 * instance is none of its own, the process is ended directly.
 */
export function stopProcessHandler(world: StandaloneWorld): Handler<StopProcessStep> {
  return {
    isDone: async (step) => !(await world.processes.isAlive(step.identity)),
    async apply(step, context) {
      const { signal, run } = context;
      const observation = await world.daemon.observe({ fresh: false }, signal);
      if (observation !== undefined) {
        await world.daemon.hold(step.component, run, signal);
        const { how } = await world.daemon.stop(step.component, run, signal);
        if (how === 'killed') context.say(`${step.component} did not end in time and was killed`);
      }
      if (await world.processes.isAlive(step.identity)) {
        await world.processes.stop(step.identity, { graceMs: graceMs[step.component], signal });
      }
    },
  };
}
