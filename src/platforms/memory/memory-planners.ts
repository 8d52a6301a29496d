import type { Order, PhasePlanners } from '../platform.ts';
import { digestOf, type MemoryFacts } from './memory-facts.ts';
import { memoryComponents, volumePath, type MemoryComponent, type MemoryInstance } from './memory-state.ts';
import type { CreateVolumeStep, MemoryStep, WriteStackStep } from './memory-step.ts';

export const memoryPlanners: PhasePlanners<MemoryFacts, MemoryStep> = {
  record: (_, { run }) => [{ kind: 'write-record', phase: 'record', class: 'safe', title: `write record ${run}`, run }],
  inventory: (_, { run }) => [
    { kind: 'take-inventory', phase: 'inventory', class: 'safe', title: `take inventory ${run}`, run },
  ],
  quiesce: planQuiesce,
  remove: planRemove,
  create: (facts, order) => [...planStack(facts, order), ...planVolumes(facts, order)],
  bind: planAdopt,
  start: planStart,
  prove: planProve,
};

function planQuiesce(facts: MemoryFacts, order: Order): readonly MemoryStep[] {
  return facts.instances
    .filter((instance) => mustStop(facts, order, instance))
    .map(({ component, pid }) => ({
      kind: 'stop-instance',
      phase: 'quiesce',
      class: 'disruptive',
      title: `stop ${component} (pid ${pid})`,
      component,
      pid,
    }));
}

function mustStop(facts: MemoryFacts, order: Order, instance: MemoryInstance): boolean {
  if (order.verb === 'down' || order.verb === 'teardown') return true;
  if (order.restartAll) return instance.run !== order.run;
  return instance.digest !== digestOf(facts.wanted);
}

/** The runtime files of everything that does not stay up. */
function planRemove(facts: MemoryFacts, order: Order): readonly MemoryStep[] {
  const staying = stayingUp(facts, order);
  return [...facts.state.runtime]
    .filter(([component]) => !staying.includes(component))
    .map(([component, { token }]) => ({
      kind: 'remove-runtime',
      phase: 'remove',
      class: 'safe',
      title: `remove run/${component}`,
      component,
      token,
    }));
}

function planStack(facts: MemoryFacts, order: Order): readonly WriteStackStep[] {
  const { stack } = facts.state;
  if (stack !== null && digestOf(stack.config) === digestOf(facts.wanted)) return [];
  return [
    {
      kind: 'write-stack',
      phase: 'create',
      class: 'safe',
      title: 'write the stack',
      stackId: stack?.stackId ?? `stack of ${order.run}`,
      name: facts.stack,
      config: facts.wanted,
    },
  ];
}

function planVolumes(facts: MemoryFacts, order: Order): readonly CreateVolumeStep[] {
  if (order.verb === 'adopt') return [];
  return memoryComponents
    .filter((component) => facts.state.stack?.volumes.every((volume) => volume.component !== component) ?? true)
    .map((component) => ({
      kind: 'create-volume',
      phase: 'create',
      class: 'safe',
      title: `make volume ${component}`,
      component,
      volumeId: volumeIdFor(facts, order, component),
    }));
}

/** A volume that was made whole by a command that died before listing it is that command's, and is listed now. */
function volumeIdFor(facts: MemoryFacts, order: Order, component: MemoryComponent): string {
  const found = facts.state.directories.get(volumePath(component))?.identity;
  const isOurs = found?.stackId !== undefined && found.stackId === facts.state.stack?.stackId;
  return isOurs ? found.volumeId : `${component} of ${order.run}`;
}

function planAdopt(facts: MemoryFacts, order: Order): readonly MemoryStep[] {
  const { adopt } = facts.request;
  if (order.verb !== 'adopt' || adopt === null) return [];
  const { component, from } = adopt;
  const isDone = facts.state.stack?.volumes.some((volume) => volume.adoptedFrom === from) ?? false;
  if (isDone) return [];
  // Never the id of a volume that `up` has made: that one is empty.
  const volumeId = `${component} from ${from}`;
  const title = `copy ${from} into a new volume ${component}`;
  return [{ kind: 'adopt-volume', phase: 'bind', class: 'safe', title, component, volumeId, from }];
}

function planStart(facts: MemoryFacts, order: Order): readonly MemoryStep[] {
  const staying = stayingUp(facts, order);
  return memoryComponents
    .filter((component) => !staying.includes(component))
    .map((component) => ({
      kind: 'start-instance',
      phase: 'start',
      class: 'safe',
      title: `start ${component}`,
      component,
      run: order.run,
    }));
}

function stayingUp(facts: MemoryFacts, order: Order): readonly MemoryComponent[] {
  return facts.instances.filter((instance) => !mustStop(facts, order, instance)).map(({ component }) => component);
}

function planProve(facts: MemoryFacts, { proves }: Order): readonly MemoryStep[] {
  if (proves === null) return [];
  if (facts.request.acceptLoss && facts.debt?.run === proves) {
    const title = `close the debt of ${proves} although its proof is not good`;
    return [{ kind: 'accept-loss', phase: 'prove', class: 'destructive', title, run: proves }];
  }
  return [{ kind: 'prove', phase: 'prove', class: 'safe', title: `prove ${proves}`, run: proves }];
}
