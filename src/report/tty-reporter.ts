import type { RunEvent, StepProgress } from '../model/handler.ts';
import type { StepBase } from '../model/plan.ts';
import { describeEvent, describeProgress, describeSpeed, numberOf, type PlainOptions } from './plain-reporter.ts';
import { rememberTold } from './remember-told.ts';
import { renderPlan } from './render-plan.ts';
import type { Reporter } from './reporter.ts';
import { printableLines } from '../model/printable.ts';
import { printable } from './style.ts';
import { formatSpan } from './time.ts';

const redrawIntervalMs = 100;
const barWidth = 20;

interface Current {
  readonly step: StepBase;
  readonly index: number;
  readonly count: number;
  readonly startedAtMs: number;
  progress: StepProgress | undefined;
}

/** As the plain form, with one line at the bottom that moves: the step at work, how far it is, and since when. */
export function createTtyReporter({ write, style, now }: PlainOptions): Reporter {
  let current: Current | undefined;
  let look: { readonly startedAtMs: number; progress: StepProgress } | undefined;
  let isDrawn = false;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const told = rememberTold();

  const clear = () => {
    // Carriage return and "erase to the end of the line" (ECMA-48 EL).
    if (isDrawn) write('\r\u001b[K');
    isDrawn = false;
  };
  const draw = () => {
    const text = current === undefined ? look && describeLook(look, now()) : describeCurrent(current, now());
    if (text === undefined) return;
    clear();
    // One column stays free: some terminals wrap when the last one is written.
    write(text.slice(0, (style.columns ?? 80) - 1));
    isDrawn = true;
    drawnAtMs = now();
  };
  const line = (text: string) => {
    clear();
    write(`${text}\n`);
    draw();
  };
  const begin = (event: Extract<RunEvent, { type: 'step-started' }>) => {
    const { step, index, count } = event;
    current = { step, index, count, startedAtMs: now(), progress: undefined };
    // The timer must not keep a command alive that has ended.
    timer ??= setInterval(draw, redrawIntervalMs).unref();
    draw();
  };
  const close = () => {
    clearInterval(timer);
    timer = undefined;
    current = undefined;
    look = undefined;
    clear();
  };
  return {
    plan(plan) {
      told.plan(plan);
      renderPlan(plan, style).forEach(line);
    },
    event(event) {
      const isQuiet = told.isQuiet(event);
      if (event.type === 'step-started') {
        begin(event);
        return;
      }
      if (event.type === 'step-progress') {
        if (current !== undefined) current.progress = event.progress;
        if (now() - drawnAtMs >= redrawIntervalMs) draw();
        return;
      }
      if (event.type !== 'said') current = undefined;
      // The moving line says where it is.
      if (isQuiet) return;
      line(event.type === 'step-failed' ? style.red(describeEvent(event)) : describeEvent(event));
    },
    progress(progress) {
      look = { startedAtMs: look?.startedAtMs ?? now(), progress };
      if (now() - drawnAtMs >= redrawIntervalMs) draw();
    },
    note: (text) => line(printableLines(text)),
    close,
  };
}

function describeLook(look: { readonly startedAtMs: number; readonly progress: StepProgress }, nowMs: number): string {
  const { done, total } = look.progress;
  const bar = total > 0 ? `${renderBar(done / total)}  ` : '';
  return `${bar}${describeSpeed(look.progress, nowMs - look.startedAtMs)}`;
}

function describeCurrent(current: Current, nowMs: number): string {
  const { step, progress, startedAtMs } = current;
  const took = formatSpan(Math.max(0, nowMs - startedAtMs));
  const head = `${numberOf(current)} ${printable(step.title)} ... ${took}`;
  if (progress === undefined) return head;
  const bar = progress.total > 0 ? `  ${renderBar(progress.done / progress.total)}` : '';
  return `${head}${bar}  ${describeProgress(progress)}`;
}

/** `[#####---------------]  25%` */
function renderBar(share: number): string {
  const bounded = Math.min(1, Math.max(0, share));
  const filled = Math.floor(bounded * barWidth);
  const percent = String(Math.floor(bounded * 100)).padStart(3);
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${percent}%`;
}
