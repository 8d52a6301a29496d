import { HoldfastError } from '../errors/holdfast-error.ts';
import type { RunEvent } from '../model/handler.ts';
import type { PhaseName, Plan, StackVerb, StepBase } from '../model/plan.ts';
import { planVerb } from '../operations/plan-verb.ts';
import type { CommonFacts, Platform } from '../platforms/platform.ts';
import type { CommandContext, OperationSettings, RunKeeper } from './command.ts';
import { confirm } from './confirm.ts';

export interface OperationRequest {
  readonly verb: StackVerb;
  readonly settings: OperationSettings;
  /** True where the data root holds a stack.json. */
  readonly exists: boolean;
  readonly planOnly: boolean;
  /** Whether the stack's name must be typed, and the name that --confirm gave. */
  readonly confirmation: { readonly needed: boolean; readonly given: string | undefined };
}

export interface StepOutcome {
  readonly kind: string;
  readonly phase: PhaseName;
  readonly title: string;
  readonly state: 'done' | 'skipped' | 'failed' | 'pending';
  readonly tookMs: number | null;
}

export interface Operation {
  readonly plan: Plan;
  /** False for --plan, and where there was nothing to do. */
  readonly wasCarriedOut: boolean;
  readonly steps: readonly StepOutcome[];
  /** Why the run did not come to its end. */
  readonly error: unknown;
}

/**
 * The flow of every verb that changes something: lock, look, plan, print, confirm, journal, carry out. With `planOnly` it
 * takes no lock and ends after the plan. Throws what happens before the first step; what happens later is in the result.
 */
export async function performOperation(request: OperationRequest, context: CommandContext): Promise<Operation> {
  const { settings } = request;
  const runs = await context.world.openRuns(settings.dataRoot);
  return context.world.withPlatform(settings, async (platform) => {
    const run = runs.newRun(request.verb);
    if (request.planOnly) return notCarriedOut(await look(platform, { request, run }, context.signal));
    // Whoever names a wrong directory is refused before the lock is written into it.
    if (!request.exists) await look(platform, { request, run }, context.signal);
    const lock = await runs.lock({ verb: request.verb, run, breakForeign: settings.options.breakLock });
    try {
      return await performLocked(platform, { request, run, runs }, context);
    } finally {
      await lock.release();
    }
  });
}

interface Attempt {
  readonly request: OperationRequest;
  /** The id that a run gets if it is a new one. */
  readonly run: string;
  readonly runs: RunKeeper;
}

async function look<F extends CommonFacts, S extends StepBase>(
  platform: Platform<F, S>,
  { request, run }: Pick<Attempt, 'request' | 'run'>,
  signal: AbortSignal,
): Promise<Plan<S>> {
  const facts = await platform.reader.observe(signal);
  signal.throwIfAborted();
  return planVerb(request.verb, platform, facts, run);
}

async function performLocked<F extends CommonFacts, S extends StepBase>(
  platform: Platform<F, S>,
  attempt: Attempt,
  context: CommandContext,
): Promise<Operation> {
  const { request, runs } = attempt;
  const { signal, reporter } = context;
  const plan = await look(platform, attempt, signal);
  reporter.plan(plan);
  await confirmPlan(plan, request, context);
  signal.throwIfAborted();
  if (plan.steps.length === 0) return notCarriedOut(plan);
  const outcomes = new Map<StepBase, StepOutcome>(plan.steps.map((step) => [step, pending(step)]));
  const onEvent = (event: RunEvent<S>) => {
    noteOutcome(outcomes, event);
    reporter.event(event);
  };
  const error = await runs.carryOut(plan, { handlers: platform.handlers, onEvent, signal }).then(
    () => undefined,
    (reason: unknown) => reason ?? new Error('The run ended without a reason.'),
  );
  return { plan, wasCarriedOut: true, steps: [...outcomes.values()], error };
}

async function confirmPlan(plan: Plan, request: OperationRequest, context: CommandContext): Promise<void> {
  const { needed, given } = request.confirmation;
  if (!needed || (plan.steps.length === 0 && given === undefined)) return;
  const name = plan.stack;
  await confirm(context.terminal, { name, given, doing: `${plan.operation} the stack ${name}` }, context.signal);
}

function notCarriedOut(plan: Plan): Operation {
  return { plan, wasCarriedOut: false, steps: plan.steps.map(pending), error: undefined };
}

function pending({ kind, phase, title }: StepBase): StepOutcome {
  return { kind, phase, title, state: 'pending', tookMs: null };
}

function noteOutcome(outcomes: Map<StepBase, StepOutcome>, event: RunEvent): void {
  const before = outcomes.get(event.step) ?? pending(event.step);
  if (event.type === 'step-done') outcomes.set(event.step, { ...before, state: 'done', tookMs: event.tookMs });
  if (event.type === 'step-skipped') outcomes.set(event.step, { ...before, state: 'skipped', tookMs: 0 });
  if (event.type === 'step-failed') outcomes.set(event.step, { ...before, state: 'failed' });
}

/** The run's id for a result, or null where nothing was carried out. */
export function runOf({ plan, wasCarriedOut }: Operation): string | null {
  return wasCarriedOut ? plan.run : null;
}

/** True for an error that says that the user stopped the run. */
export function isCancelled(error: unknown): boolean {
  return error instanceof HoldfastError && error.kind === 'cancelled';
}
