import type { Order } from '../../platform.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';
import type { PurgeProgramsStep, RemoveRenderedStep, RemoveRuntimeStep } from '../standalone-step.ts';
import { planRemoveRendered } from './plan-quiesce.ts';

/** What a teardown removes: run/ and rendered configuration; never a volume, a log, a journal or a proof. */
export function planRemove(
  facts: StandaloneFacts,
  order: Order,
): readonly (RemoveRenderedStep | RemoveRuntimeStep | PurgeProgramsStep)[] {
  if (order.verb !== 'teardown') return planRemoveRendered(facts, order);
  return [
    ...(facts.runtimeExists
      ? [
          {
            kind: 'remove-runtime',
            phase: 'remove',
            class: 'safe',
            title: 'remove run/ and the rendered configuration',
          } as const,
        ]
      : []),
    ...(facts.options.purgePrograms
      ? [
          {
            kind: 'purge-programs',
            phase: 'remove',
            class: 'disruptive',
            title: 'remove the cache of programs',
          } as const,
        ]
      : []),
  ];
}
