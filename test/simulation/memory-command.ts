import { carryOut } from '../../src/engine/carry-out.ts';
import type { Handlers, RunEvent } from '../../src/model/handler.ts';
import type { Plan, StackVerb } from '../../src/model/plan.ts';
import { planVerb } from '../../src/operations/plan-verb.ts';
import { createMemoryPlatform } from '../../src/platforms/memory/memory.ts';
import { plainRequest, type MemoryRequest } from '../../src/platforms/memory/memory-facts.ts';
import type { MemoryStep } from '../../src/platforms/memory/memory-step.ts';
import type { Interceptor, MemoryCalls, MemoryWorld } from '../../src/platforms/memory/memory-world.ts';

/** Changes how Holdfast works, to see whether a test notices. */
export interface Tampering {
  readonly plan?: (plan: Plan<MemoryStep>) => Plan<MemoryStep>;
  readonly handlers?: (handlers: Handlers<MemoryStep>, calls: MemoryCalls) => Handlers<MemoryStep>;
}

export interface MemoryCommand {
  readonly verb: StackVerb;
  /** The id for a new run. */
  readonly run: string;
  readonly request?: MemoryRequest;
  readonly intercept?: Interceptor;
  readonly tampering?: Tampering;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent<MemoryStep>) => void;
}

/** One command as main would run it: look, plan, carry out. Rejects with a Crash where `intercept` ends it. */
export async function runMemoryCommand(world: MemoryWorld, command: MemoryCommand): Promise<Plan<MemoryStep>> {
  const calls = world.begin(command.intercept ?? (() => undefined));
  const { verb, tampering } = command;
  const platform = createMemoryPlatform(calls, command.request ?? plainRequest, verb);
  const signal = command.signal ?? new AbortController().signal;
  const facts = await platform.reader.observe(signal);
  const made = planVerb(verb, platform, facts, command.run);
  const plan = tampering?.plan?.(made) ?? made;
  await carryOut(plan, {
    handlers: tampering?.handlers?.(platform.handlers, calls) ?? platform.handlers,
    journal: calls.openJournal(plan.run),
    by: { host: 'memory', bootId: 'boot', pid: 1, startTicks: 0 },
    onEvent: command.onEvent ?? (() => undefined),
    signal,
    now: () => world.state.clock,
  });
  return plan;
}

/** Looks and plans, and does nothing. */
export async function planMemoryCommand(world: MemoryWorld, command: MemoryCommand): Promise<Plan<MemoryStep>> {
  const calls = world.begin(command.intercept ?? (() => undefined));
  const platform = createMemoryPlatform(calls, command.request ?? plainRequest, command.verb);
  const facts = await platform.reader.observe(new AbortController().signal);
  return planVerb(command.verb, platform, facts, command.run);
}
