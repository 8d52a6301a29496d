import type { ProcessComponent } from '../../../model/component.ts';
import type { Order } from '../../platform.ts';
import type { InstanceFact, StandaloneFacts } from '../standalone-facts.ts';
import type { RemoveRenderedStep, StopDaemonStep, StopProcessStep, WriteStackFileStep } from '../standalone-step.ts';
import { planStackFile, stopOrder } from './plan-create.ts';

/**
 * What must stop before anything is removed. `down` and `teardown` say first that nothing shall start again, and end the
 * daemon last; `rebuild` keeps the daemon, and `up` stops only what would be launched differently now.
 */
export function planQuiesce(
  facts: StandaloneFacts,
  order: Order,
): readonly (WriteStackFileStep | StopProcessStep | StopDaemonStep)[] {
  const endsAll = order.verb === 'down' || order.verb === 'teardown';
  return [
    ...(endsAll ? planStackFile(facts, 'down') : []),
    ...stopOrder.flatMap((component) => planStop(facts, order, component)),
    ...(endsAll ? planStopDaemon(facts) : []),
  ];
}

function planStop(facts: StandaloneFacts, order: Order, component: ProcessComponent): readonly StopProcessStep[] {
  const instance = facts.instances.find((candidate) => candidate.component === component);
  if (instance === undefined || !mustStop(facts, order, instance)) return [];
  return [
    {
      kind: 'stop-process',
      phase: 'quiesce',
      class: 'disruptive',
      title: `stop ${component} (pid ${instance.identity.pid})${isChanged(facts, instance) ? ': its configuration changes' : ''}`,
      component,
      identity: instance.identity,
    },
  ];
}

function mustStop(facts: StandaloneFacts, order: Order, instance: InstanceFact): boolean {
  if (order.verb === 'down' || order.verb === 'teardown') return true;
  if (order.restartAll) return instance.run !== order.run;
  return isChanged(facts, instance);
}

function isChanged(facts: StandaloneFacts, instance: InstanceFact): boolean {
  const digest = facts.launchDigests[instance.component];
  return typeof digest === 'string' && digest !== instance.launchDigest;
}

function planStopDaemon(facts: StandaloneFacts): readonly StopDaemonStep[] {
  if (facts.daemon === null) return [];
  const title = `end the daemon (pid ${facts.daemon.pid})`;
  return [{ kind: 'stop-daemon', phase: 'quiesce', class: 'disruptive', title, identity: facts.daemon }];
}

/** Components that are up after the quiesce phase of this order. */
export function stayingUp(facts: StandaloneFacts, order: Order): readonly ProcessComponent[] {
  return facts.instances.filter((instance) => !mustStop(facts, order, instance)).map((instance) => instance.component);
}

/** Rendered configuration of everything that this order starts again. */
export function planRemoveRendered(facts: StandaloneFacts, order: Order): readonly RemoveRenderedStep[] {
  const staying = stayingUp(facts, order);
  const components = stopOrder.filter((component) => !staying.includes(component));
  if (!facts.runtimeExists || components.length === 0) return [];
  const title = `remove the rendered configuration of ${components.join(', ')}`;
  return [{ kind: 'remove-rendered', phase: 'remove', class: 'safe', title, components }];
}
