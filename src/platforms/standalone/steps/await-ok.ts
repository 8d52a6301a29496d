import type { Observation } from '../../../contract/daemon-api.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import type { Handler, StepContext } from '../../../model/handler.ts';
import { isSettled } from '../is-settled.ts';
import type { AwaitOkStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { cannotStart } from './start-component.ts';

const deadlineMs = 15 * 60_000;

/** Waits until the daemon's observation is ok: every component answers, and samples come in. */
export function awaitOkHandler(world: StandaloneWorld): Handler<AwaitOkStep> {
  return {
    isDone: async (_step, { signal }) => isSettled(await world.daemon.observe({ fresh: true }, signal)),
    async apply(_step, context) {
      const deadline = world.now() + deadlineMs;
      for (;;) {
        const observation = await world.daemon.observe({ fresh: true }, context.signal);
        if (isSettled(observation)) return;
        throwWhenHopeless(observation, world.now() > deadline);
        tell(observation, context);
        await world.wait(150, context.signal);
      }
    },
  };
}

function throwWhenHopeless(observation: Observation | undefined, isLate: boolean): void {
  if (observation === undefined) throw noDaemon();
  const broken = observation.components.find(({ state }) => state === 'failed' || state === 'refused');
  if (broken !== undefined) throw cannotStart(broken);
  const error = observation.findings.find(({ severity }) => severity === 'error');
  if (error !== undefined && (error.rule === 'no-samples' || isLate)) throw notOk(error.message, error.remedy);
  if (isLate) throw notOk('The stack did not become ok within 15 minutes.', 'Look at `holdfast status`.');
}

function notOk(message: string, remedy: string): HoldfastError {
  return new HoldfastError('not-ok', { message, remedy });
}

function noDaemon(): HoldfastError {
  return new HoldfastError('daemon-unreachable', {
    message: 'The daemon does not answer. The components may still run, and the data is untouched.',
    remedy: 'Look at `holdfast logs daemon`, then run `holdfast up`.',
  });
}

function tell(observation: Observation | undefined, context: StepContext): void {
  const expected = observation?.components.filter(({ state }) => state !== 'not-applicable' && state !== 'unavailable');
  const ready = expected?.filter(({ state }) => state === 'running') ?? [];
  const waiting = expected?.filter(({ state }) => state !== 'running').map(({ name }) => name) ?? [];
  const text = waiting.length === 0 ? 'waiting for the first samples' : `waiting for ${waiting.join(', ')}`;
  context.progress({ done: ready.length, total: expected?.length ?? 0, unit: 'items', text });
}
