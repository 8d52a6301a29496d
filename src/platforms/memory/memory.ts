import type { Verb } from '../../model/plan.ts';
import type { Platform } from '../platform.ts';
import { memoryReader, type MemoryFacts, type MemoryRequest } from './memory-facts.ts';
import { memoryHandlers } from './memory-handlers.ts';
import { memoryPlanners } from './memory-planners.ts';
import { memoryRefusals } from './memory-refusals.ts';
import type { MemoryStep } from './memory-step.ts';
import type { MemoryCalls } from './memory-world.ts';

export type MemoryPlatform = Platform<MemoryFacts, MemoryStep>;

/** A platform without a machine: the crash test kills it at every call, and the simulation lives on it. */
export function createMemoryPlatform(world: MemoryCalls, request: MemoryRequest, verb: Verb): MemoryPlatform {
  return {
    name: 'memory',
    inventoryBeforeQuiesce: true,
    reader: memoryReader(world, request),
    refusals: memoryRefusals,
    planners: memoryPlanners,
    handlers: memoryHandlers(world, () => verb),
  };
}
