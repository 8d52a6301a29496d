import type { ComponentObservation } from '../../../contract/daemon-api.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import type { Handler } from '../../../model/handler.ts';
import type { StartComponentStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** A replay of a large WAL over a slow share takes minutes: the same 15 as the charts' startup probe allows. */
const readyDeadlineMs = 15 * 60_000;

/** States that waiting does not change. */
const finalStates: readonly ComponentObservation['state'][] = ['failed', 'refused'];

/**
 * Tells the daemon to start the component for this run. Done means that this run's own instance has been started; the
 * components start beside each other, and await-ok waits for all of them.
 */
export function startComponentHandler(world: StandaloneWorld): Handler<StartComponentStep> {
  return {
    async isDone(step, { signal }) {
      const component = await look(world, step, signal);
      if (component?.state === 'unavailable') return true;
      return component?.run === step.run && (component.state === 'running' || component.state === 'starting');
    },
    async apply(step, { signal }) {
      await world.daemon.start(step.component, step.run, signal);
      const deadline = world.now() + readyDeadlineMs;
      for (;;) {
        const component = await look(world, step, signal);
        if (component === undefined) throw daemonGone(step);
        if (component.state === 'unavailable' || component.state === 'starting' || component.state === 'running')
          return;
        if (finalStates.includes(component.state)) throw cannotStart(component);
        if (world.now() > deadline) throw cannotStart(component);
        await world.wait(100, signal);
      }
    },
  };
}

async function look(world: StandaloneWorld, step: StartComponentStep, signal: AbortSignal) {
  const observation = await world.daemon.observe({ fresh: true }, signal);
  return observation?.components.find((component) => component.name === step.component);
}

export function cannotStart(component: ComponentObservation): HoldfastError {
  return new HoldfastError('not-ready', {
    message: `${component.name} is ${component.state}: ${component.reason ?? 'no reason is known'}`,
    remedy: component.remedy ?? `Look at \`holdfast logs ${component.name}\`.`,
    details: { component: component.name, state: component.state },
  });
}

function daemonGone(step: StartComponentStep): HoldfastError {
  return new HoldfastError('daemon-unreachable', {
    message: `The daemon ended while ${step.component} was to be started. The data is untouched.`,
    remedy: 'Look at `holdfast logs daemon`, then run the same command again.',
  });
}
