import type { StandaloneFacts } from '../standalone-facts.ts';
import type { BreakLocksStep } from '../standalone-step.ts';

/** Only where the user has said --unsafe-break-lock: without it a lock of another host is a refusal. */
export function planBreakLocks(facts: StandaloneFacts): readonly BreakLocksStep[] {
  if (facts.foreignLocks.length === 0) return [];
  const title = `break the locks of another host: ${facts.foreignLocks.join(', ')}`;
  return [{ kind: 'break-locks', phase: 'gate', class: 'safe', title, files: facts.foreignLocks }];
}
