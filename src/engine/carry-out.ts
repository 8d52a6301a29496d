import { HoldfastError } from '../errors/holdfast-error.ts';
import type { Handler, Handlers, RunEvent, StepContext } from '../model/handler.ts';
import { commandWords, type Plan, type StepBase } from '../model/plan.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import type { Journal } from './journal.ts';

export interface CarryOutOptions<S extends StepBase> {
  readonly handlers: Handlers<S>;
  readonly journal: Pick<Journal, 'append'>;
  /** The process that carries the plan out: ourselves. */
  readonly by: ProcessIdentity;
  readonly onEvent: (event: RunEvent<S>) => void;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

export interface RunResult {
  readonly run: string;
  readonly steps: readonly { readonly title: string; readonly kind: string; readonly state: 'done' | 'skipped' }[];
}

/**
 * Carries out a plan, step by step: what the world shows as done is skipped, and what was applied must show afterwards.
 * Throws the step's own error, `step-failed` where the world does not show it, and `cancelled` once `signal` is aborted;
 * each is in the journal first. The same plan, or one made from fresh facts, may be carried out again after any of them.
 */
export async function carryOut<S extends StepBase>(plan: Plan<S>, options: CarryOutOptions<S>): Promise<RunResult> {
  const { journal, now } = options;
  await journal.append({ type: 'begun', atMs: now(), run: plan.run, verb: plan.operation, by: options.by, plan });
  const steps: RunResult['steps'][number][] = [];
  try {
    for (const [index, step] of plan.steps.entries()) {
      throwIfCancelled(options.signal, plan);
      const state = await carryOutStep(step, { plan, index, options });
      steps.push({ title: step.title, kind: step.kind, state });
    }
  } catch (error) {
    const reason = options.signal.aborted ? cancelled(options.signal, plan, error) : error;
    await noteEnd(reason, options);
    throw reason;
  }
  await journal.append({ type: 'ended', atMs: now(), outcome: 'done' });
  return { run: plan.run, steps };
}

interface Place<S extends StepBase> {
  readonly plan: Plan<S>;
  readonly index: number;
  readonly options: CarryOutOptions<S>;
}

async function carryOutStep<S extends StepBase>(step: S, place: Place<S>): Promise<'done' | 'skipped'> {
  const { onEvent, journal, now } = place.options;
  const handler = place.options.handlers[step.kind as S['kind']] as unknown as Handler<S>;
  const at = { step, index: place.index, count: place.plan.steps.length };
  const context = contextOf(step, place);
  const startedAtMs = now();
  try {
    if (await handler.isDone(step, context)) {
      await journal.append({ type: 'done', atMs: now(), step, skipped: true });
      onEvent({ type: 'step-skipped', ...at });
      return 'skipped';
    }
    await journal.append({ type: 'started', atMs: startedAtMs, step });
    onEvent({ type: 'step-started', ...at });
    await handler.apply(step, context);
    if (!(await handler.isDone(step, context))) throw doesNotShow(step);
    await journal.append({ type: 'done', atMs: now(), step, skipped: false });
    onEvent({ type: 'step-done', ...at, tookMs: now() - startedAtMs });
    return 'done';
  } catch (error) {
    await noteFailure(step, error, place.options);
    onEvent({ type: 'step-failed', ...at, message: messageOf(error) });
    throw error;
  }
}

function contextOf<S extends StepBase>(step: S, { plan, options }: Place<S>): StepContext {
  return {
    run: plan.run,
    signal: options.signal,
    progress: (progress) => options.onEvent({ type: 'step-progress', step, progress }),
    say: (line) => options.onEvent({ type: 'said', step, line }),
  };
}

/** A journal that cannot be written any more must not hide why the step failed. */
async function noteFailure<S extends StepBase>(step: S, error: unknown, options: CarryOutOptions<S>): Promise<void> {
  const entry = { type: 'failed', atMs: options.now(), step, message: messageOf(error) } as const;
  await options.journal.append(entry).catch(() => undefined);
}

async function noteEnd<S extends StepBase>(error: unknown, options: CarryOutOptions<S>): Promise<void> {
  const outcome = options.signal.aborted ? 'cancelled' : 'failed';
  const entry = { type: 'ended', atMs: options.now(), outcome, message: messageOf(error) } as const;
  await options.journal.append(entry).catch(() => undefined);
}

function throwIfCancelled(signal: AbortSignal, plan: Plan): void {
  if (signal.aborted) throw cancelled(signal, plan, signal.reason);
}

function cancelled(signal: AbortSignal, plan: Plan, cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError && cause.code === 'cancelled') return cause;
  if (signal.reason instanceof HoldfastError && signal.reason.code === 'cancelled') return signal.reason;
  return new HoldfastError('cancelled', {
    message: `Run ${plan.run} was stopped on request. What it had done stays done, and nothing is lost.`,
    remedy: `Run \`holdfast ${commandWords(plan.operation)}\` again: it goes on where this one stopped.`,
    details: { run: plan.run },
    cause,
  });
}

function doesNotShow(step: StepBase): HoldfastError {
  return new HoldfastError('step-failed', {
    message: `The step "${step.title}" was carried out, but the world does not show it. The steps after it were not begun.`,
    remedy: 'Look at `holdfast status` and `holdfast logs`, then run the same command again.',
    details: { step },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
