import type { ProcessExit } from '../adapters/processes/processes.ts';
import type { ProcessComponent } from '../model/component.ts';
import { explainLog, type LogContext } from './explain-log.ts';

export interface EndFacts {
  readonly component: ProcessComponent;
  /** Undefined for a process that an earlier daemon had started: only its parent is told how it ended. */
  readonly exit: ProcessExit | undefined;
  readonly livedMs: number;
  /** What it wrote since it started, last lines last. */
  readonly lines: readonly string[];
  readonly context: LogContext;
}

export interface EndDescription {
  readonly reason: string;
  readonly remedy: string;
  readonly hopeless: boolean;
}

/** Says in words how a component ended by itself, why as far as its log tells, and what to do. */
export function describeEnd(facts: EndFacts): EndDescription {
  const explanation = explainLog(facts.lines, facts.context);
  const how = `${describeExit(facts.exit)} after ${formatLife(facts.livedMs)}`;
  const reason = explanation === undefined ? `It ${how}.` : `It ${how}: ${explanation.message}`;
  return {
    reason: `${reason}${quoteLines(facts.lines)}`,
    remedy: explanation?.remedy ?? `Look at \`holdfast logs ${facts.component}\`; \`holdfast up\` starts it again.`,
    hopeless: explanation?.hopeless ?? false,
  };
}

/** The last lines of a log, as they follow a reason. */
export function quoteLines(lines: readonly string[]): string {
  const last = lines.slice(-4).map((line) => `\n  | ${line.length > 400 ? `${line.slice(0, 400)}…` : line}`);
  return last.length === 0 ? '' : ` Its last log lines:${last.join('')}`;
}

function describeExit(exit: ProcessExit | undefined): string {
  if (exit === undefined) return 'ended';
  if (exit.signal === 'SIGKILL') return 'was killed with SIGKILL (by somebody, or by the kernel for want of memory)';
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return `exited with code ${exit.code ?? 'unknown'}`;
}

function formatLife(livedMs: number): string {
  if (livedMs < 10_000) return `${(Math.max(0, livedMs) / 1000).toFixed(1)} s`;
  if (livedMs < 120_000) return `${Math.round(livedMs / 1000)} s`;
  return `${Math.round(livedMs / 60_000)} minutes`;
}
