import type { RunStep, RunSummary } from '../model/run.ts';
import { printable, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { formatAge, formatSecond, formatSpan, plural } from './time.ts';

/** The list of `holdfast runs`, newest first. */
export function renderRuns(runs: readonly RunSummary[], nowMs: number, style: Style): readonly string[] {
  if (runs.length === 0) return ['No run yet.'];
  const columns = [
    { head: 'RUN' },
    { head: 'VERB' },
    { head: 'STATE' },
    { head: 'BEGUN' },
    { head: 'TOOK', align: 'right' as const },
    { head: 'STEPS', align: 'right' as const },
  ];
  const rows = runs.map((run) => [
    run.run,
    run.verb,
    run.state,
    formatAge(run.startedAtMs, nowMs),
    run.endedAtMs === null ? '-' : formatSpan(run.endedAtMs - run.startedAtMs),
    `${run.steps.filter(isOver).length}/${run.steps.length}`,
  ]);
  return [...renderTable(columns, rows, style), ...runs.flatMap((run) => damageOf(run, style))];
}

/** One run with its steps. */
export function renderRun(run: RunSummary, style: Style): readonly string[] {
  const ended = run.endedAtMs === null ? 'has not ended' : `ended ${formatSecond(run.endedAtMs)}`;
  return [
    style.bold(`Run ${run.run}: ${run.verb}, ${run.state}`),
    `Begun ${formatSecond(run.startedAtMs)}, ${ended}.`,
    ...(run.message === null ? [] : [printable(run.message)]),
    ...run.steps.map((step) => renderStep(step, style)),
    ...damageOf(run, style),
  ];
}

function renderStep(step: RunStep, style: Style): string {
  const { startedAtMs, endedAtMs, message } = step;
  const took = startedAtMs === null || endedAtMs === null ? '' : ` (${formatSpan(endedAtMs - startedAtMs)})`;
  const why = message === null ? '' : `: ${printable(message)}`;
  const word = step.state.padEnd('started'.length);
  return `  ${step.state === 'failed' ? style.red(word) : word}  ${printable(step.title)}${took}${why}`;
}

function isOver({ state }: RunStep): boolean {
  return state === 'done' || state === 'skipped';
}

function damageOf(run: RunSummary, style: Style): readonly string[] {
  if (run.damage.length === 0) return [];
  const head = style.yellow(
    `The journal of run ${run.run} has ${plural(run.damage.length, 'line')} that cannot be read:`,
  );
  return [head, ...run.damage.map((line) => `  ${printable(line)}`)];
}
