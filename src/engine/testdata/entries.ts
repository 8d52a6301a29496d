import type { Plan, StepBase } from '../../model/plan.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import type { JournalEntry } from '../../model/run.ts';

export const by: ProcessIdentity = { host: 'here', bootId: 'boot', pid: 4711, startTicks: 99 };
export const run = '20261124T021500Z-rebuild-7f3a';

export function makeStep(title: string): StepBase {
  return { kind: 'stop-process', phase: 'quiesce', class: 'disruptive', title };
}

export function makePlan(titles: readonly string[]): Plan {
  const steps = titles.map(makeStep);
  return { operation: 'rebuild', stack: 'monitoring', run, continues: false, steps, findings: [], differences: [] };
}

export function begun(atMs: number, titles: readonly string[]): JournalEntry {
  return { type: 'begun', atMs, run, verb: 'rebuild', by, plan: makePlan(titles) };
}

/** A run that stopped one thing, skipped another and failed at the third: nowhere is it done. */
export const failedRun: readonly JournalEntry[] = [
  begun(1000, ['stop a', 'stop ü', 'start c']),
  { type: 'started', atMs: 1001, step: makeStep('stop a') },
  { type: 'done', atMs: 1002, step: makeStep('stop a'), skipped: false },
  { type: 'done', atMs: 1003, step: makeStep('stop ü'), skipped: true },
  { type: 'started', atMs: 1004, step: makeStep('start c') },
  { type: 'failed', atMs: 1005, step: makeStep('start c'), message: 'port taken' },
  { type: 'ended', atMs: 1006, outcome: 'failed', message: 'port taken' },
];

/** A run that was done, and then continued by a command that was interrupted. */
export const continuedRun: readonly JournalEntry[] = [
  begun(1000, ['stop a']),
  { type: 'done', atMs: 1003, step: makeStep('stop a'), skipped: true },
  { type: 'ended', atMs: 1006, outcome: 'done' },
  begun(2000, ['start b']),
  { type: 'started', atMs: 2001, step: makeStep('start b') },
];
