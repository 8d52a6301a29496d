import type { RunEvent } from '../model/handler.ts';
import type { NameDataRoot } from './name-data-root.ts';
import type { Reporter } from './reporter.ts';

/** The same story with the data root named in every command that it tells the user to run. */
export function namingReporter(reporter: Reporter, name: NameDataRoot): Reporter {
  return {
    plan: (plan) =>
      reporter.plan({
        ...plan,
        findings: plan.findings.map((finding) => ({
          ...finding,
          message: name(finding.message),
          remedy: name(finding.remedy),
        })),
      }),
    event: (event) => reporter.event(nameInEvent(event, name)),
    progress: (progress) => reporter.progress(progress),
    note: (line) => reporter.note(name(line)),
    close: () => reporter.close(),
  };
}

function nameInEvent(event: RunEvent, name: NameDataRoot): RunEvent {
  if (event.type === 'step-failed') return { ...event, message: name(event.message) };
  return event.type === 'said' ? { ...event, line: name(event.line) } : event;
}
