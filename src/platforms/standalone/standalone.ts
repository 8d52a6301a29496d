import type { Platform } from '../platform.ts';
import { standaloneReader, type StandaloneRequest } from './observe/observe-standalone.ts';
import { planAdopt } from './planners/plan-adopt.ts';
import { planBreakLocks } from './planners/plan-break-locks.ts';
import { planCreate } from './planners/plan-create.ts';
import { planInventory, planProve, planRecord } from './planners/plan-evidence.ts';
import { planProtect } from './planners/plan-programs.ts';
import { planQuiesce } from './planners/plan-quiesce.ts';
import { planRemove } from './planners/plan-remove.ts';
import { planStart } from './planners/plan-start.ts';
import { findRefusals } from './refusals.ts';
import type { StandaloneFacts } from './standalone-facts.ts';
import type { StandaloneStep } from './standalone-step.ts';
import type { StandaloneWorld } from './standalone-world.ts';
import { standaloneHandlers } from './steps/standalone-handlers.ts';

/** The stack as plain supervised processes on one machine. */
export function createStandalone(
  world: StandaloneWorld,
  request: StandaloneRequest,
): Platform<StandaloneFacts, StandaloneStep> {
  const newId = () => world.randomText().toLowerCase();
  return {
    name: 'standalone',
    reader: standaloneReader({ ...world, newId }, request),
    refusals: findRefusals,
    planners: {
      protect: planProtect,
      gate: planBreakLocks,
      record: planRecord,
      inventory: planInventory,
      quiesce: planQuiesce,
      remove: planRemove,
      create: planCreate,
      bind: planAdopt,
      start: planStart,
      prove: planProve,
    },
    handlers: standaloneHandlers(world),
  };
}
