import { assertNever } from '../model/assert-never.ts';
import type { RunEvent, StepProgress } from '../model/handler.ts';
import { formatBytes } from '../model/bytes.ts';
import { rememberTold } from './remember-told.ts';
import { renderPlan } from './render-plan.ts';
import type { Reporter, Write } from './reporter.ts';
import { printableLines } from '../model/printable.ts';
import { printable, type Style } from './style.ts';
import { formatCount, formatSpan } from './time.ts';

/** How often one step may say how far it is. */
const progressIntervalMs = 5000;

export interface PlainOptions {
  readonly write: Write;
  readonly style: Style;
  readonly now: () => number;
}

/** One line per event, for pipes, files and terminals that cannot move the cursor. */
export function createPlainReporter({ write, style, now }: PlainOptions): Reporter {
  let progressAtMs = 0;
  let startedAtMs: number | undefined;
  const told = rememberTold();
  const line = (text: string) => write(`${text}\n`);
  return {
    plan(plan) {
      told.plan(plan);
      renderPlan(plan, style).forEach(line);
    },
    event(event) {
      const isQuiet = told.isQuiet(event);
      if (isQuiet && event.type === 'said') return;
      if (event.type === 'step-started' && !isQuiet) progressAtMs = now();
      if (event.type === 'step-progress' || isQuiet) {
        if (now() - progressAtMs < progressIntervalMs) return;
        progressAtMs = now();
      }
      line(describeEvent(event));
    },
    progress(progress) {
      startedAtMs ??= now();
      if (now() - Math.max(startedAtMs, progressAtMs) < progressIntervalMs) return;
      progressAtMs = now();
      line(describeSpeed(progress, now() - startedAtMs));
    },
    note: (text) => line(printableLines(text)),
    close: () => undefined,
  };
}

/** An event as one line of text. */
export function describeEvent(event: RunEvent): string {
  const title = printable(event.step.title);
  switch (event.type) {
    case 'step-started':
      return `${numberOf(event)} ${title}`;
    case 'step-skipped':
      return `${numberOf(event)} ${title}: done already`;
    case 'step-done':
      return `${numberOf(event)} ${title}: done (${formatSpan(event.tookMs)})`;
    case 'step-failed':
      return `${numberOf(event)} ${title}: failed: ${printableLines(event.message)}`;
    case 'step-progress':
      return `      ${describeProgress(event.progress)}`;
    case 'said':
      return `      ${printableLines(event.line)}`;
    default:
      return assertNever(event);
  }
}

/** `12.3 MiB of 45.0 MiB, prometheus`; the total only where it is known. */
export function describeProgress({ done, total, unit, text }: StepProgress): string {
  const show = unit === 'bytes' ? formatBytes : formatCount;
  const amount = total > 0 ? `${show(done)} of ${show(total)}` : show(done);
  const label = printable(text);
  if (total === 0 && done === 0) return label;
  return label === '' ? amount : `${amount}, ${label}`;
}

/** As describeProgress, with what it does in a second and the time that is left. */
export function describeSpeed(progress: StepProgress, tookMs: number): string {
  const { done, total, unit } = progress;
  const perSecond = tookMs > 0 ? (done / tookMs) * 1000 : 0;
  if (perSecond === 0) return describeProgress(progress);
  const speed = unit === 'bytes' ? `${formatBytes(perSecond)}/s` : `${formatCount(Math.round(perSecond))}/s`;
  const left = total > done ? `, ${formatSpan(((total - done) / perSecond) * 1000)} left` : '';
  return `${describeProgress(progress)}, ${speed}${left}`;
}

/** `[ 3/12]` */
export function numberOf({ index, count }: { readonly index: number; readonly count: number }): string {
  return `[${String(index + 1).padStart(String(count).length)}/${count}]`;
}
