import type { ProcessComponent } from '../../../model/component.ts';
import type { Order } from '../../platform.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';
import type { AwaitOkStep, StartComponentStep } from '../standalone-step.ts';
import { startOrder } from './plan-create.ts';
import { stayingUp } from './plan-quiesce.ts';

/** Starts what this order has stopped or what was not running, and waits until `status` would be ok; nothing where that is so already. */
export function planStart(facts: StandaloneFacts, order: Order): readonly (StartComponentStep | AwaitOkStep)[] {
  const staying = stayingUp(facts, order);
  const starts = startOrder
    .filter((component) => !staying.includes(component) && canRun(facts, component))
    .map((component) => startStep(facts, order, component));
  if (starts.length === 0 && facts.isSettled && order.verb === 'up') return [];
  return [
    ...starts,
    {
      kind: 'await-ok',
      phase: 'start',
      class: 'safe',
      title: 'wait until every component answers and samples come in',
    },
  ];
}

function startStep(facts: StandaloneFacts, order: Order, component: ProcessComponent): StartComponentStep {
  const listed = facts.volumes.find((volume) => volume.listed.component === component)?.listed.id;
  const volumeId = listed ?? facts.newVolumeIds[component] ?? null;
  const title = `start ${component}`;
  return { kind: 'start-component', phase: 'start', class: 'safe', title, component, volumeId, run: order.run };
}

/**
 * Grafana is started only where its program is here or may still be fetched by this very plan. A daemon that idled while
 * the stack was down has not looked for it yet: the order to start it makes it say that there is none.
 */
function canRun(facts: StandaloneFacts, component: ProcessComponent): boolean {
  if (component !== 'grafana' || facts.idle.includes(component)) return true;
  return facts.programs.some((program) => program.name === 'grafana');
}
