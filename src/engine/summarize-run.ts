import { assertNever } from '../model/assert-never.ts';
import type { StepBase } from '../model/plan.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import type { JournalEntry, RunStep, RunSummary } from '../model/run.ts';
import { parseRunId } from './new-run-id.ts';
import type { JournalContent } from './read-journal.ts';

/** A run as its journal tells it, with the process that carried it out where no `ended` line closes it. */
export interface OpenSummary {
  readonly summary: RunSummary;
  /** Null where the run has ended, or where the line that named the process cannot be read. */
  readonly openedBy: ProcessIdentity | null;
}

type Begun = Extract<JournalEntry, { type: 'begun' }>;
type Ended = Extract<JournalEntry, { type: 'ended' }>;

/**
 * Reads a run out of its journal. A run that was continued has several `begun` lines: the steps are those of the last.
 * A run counts as ended only where `ended` is the very last thing its journal says, so that a damaged line never makes an
 * interrupted run look done. Where it does not, the state is `interrupted`: whether it still runs only the process tells.
 */
export function summarizeRun(run: string, content: JournalContent): OpenSummary {
  const { lines, damage } = content;
  const first = lines.find(isBegun);
  const lastBegun = lines.findLastIndex((line) => isBegun(line));
  const attempt = lines.slice(Math.max(0, lastBegun));
  const begun = attempt.find(isBegun);
  const ended = findEnd(attempt);
  const named = parseRunId(run);
  const verb = begun?.verb ?? named?.verb;
  const summary: RunSummary = {
    run,
    verb: verb ?? 'up',
    state: ended?.outcome ?? 'interrupted',
    startedAtMs: first?.atMs ?? named?.atMs ?? 0,
    endedAtMs: ended?.atMs ?? null,
    message: ended?.message ?? null,
    steps: stepsOf(begun, attempt),
    damage: verb === undefined ? [...damage, 'the line that names the verb is missing'] : damage,
  };
  return { summary, openedBy: ended === undefined ? (begun?.by ?? null) : null };
}

function isBegun(line: JournalEntry | 'damaged'): line is Begun {
  return line !== 'damaged' && line.type === 'begun';
}

function findEnd(attempt: JournalContent['lines']): Ended | undefined {
  const last = attempt.at(-1);
  if (last === undefined || last === 'damaged' || last.type !== 'ended') return undefined;
  // Of an attempt whose beginning is lost nobody can say that all its steps are done.
  return isBegun(attempt[0] ?? 'damaged') || last.outcome !== 'done' ? last : undefined;
}

function stepsOf(begun: Begun | undefined, attempt: JournalContent['lines']): readonly RunStep[] {
  const steps = (begun?.plan.steps ?? []).map((step) => pending(step));
  const texts = (begun?.plan.steps ?? []).map((step) => JSON.stringify(step));
  for (const line of attempt) {
    if (line === 'damaged' || line.type === 'begun' || line.type === 'ended') continue;
    const text = JSON.stringify(line.step);
    // A plan may hold the same step twice; the entries come in the plan's order.
    const open = steps.findIndex((step, index) => texts[index] === text && !isOver(step));
    const before = steps[open] ?? pending(line.step);
    const after = advance(before, line);
    if (open >= 0) steps[open] = after;
    else steps.push(after);
  }
  return steps;
}

function advance(step: RunStep, line: Extract<JournalEntry, { readonly step: StepBase }>): RunStep {
  switch (line.type) {
    case 'started':
      return { ...step, state: 'started', startedAtMs: line.atMs };
    case 'done':
      return { ...step, state: line.skipped ? 'skipped' : 'done', endedAtMs: line.atMs };
    case 'failed':
      return { ...step, state: 'failed', endedAtMs: line.atMs, message: line.message };
    default:
      return assertNever(line);
  }
}

function isOver(step: RunStep): boolean {
  return step.state === 'done' || step.state === 'skipped' || step.state === 'failed';
}

function pending({ title, kind }: StepBase): RunStep {
  return { title, kind, state: 'pending', startedAtMs: null, endedAtMs: null, message: null };
}
