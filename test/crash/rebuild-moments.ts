/** One line that a command has written to stdout, with the time since the command was started. */
export interface StampedLine {
  readonly atMs: number;
  readonly text: string;
}

/** When a rebuild is killed: so long after its start, or as soon as it has written one line of its progress. */
export type Moment =
  | { readonly kind: 'time'; readonly afterMs: number; readonly during: string }
  | { readonly kind: 'line'; readonly line: string; readonly occurrence: number };

interface ProgressLine {
  readonly type: 'step-started' | 'step-done' | 'step-skipped';
  readonly step: { readonly kind: string; readonly title: string };
}

/** `step-started stop-process`, or undefined for what is no begin or end of a step. */
export function progressOf(text: string): string | undefined {
  if (!/^\{"type":"step-(started|done|skipped)"/.test(text)) return undefined;
  const { type, step } = JSON.parse(text) as ProgressLine;
  return `${type} ${step.kind}`;
}

/**
 * `count` moments of the rebuild that wrote these lines: half of them spread evenly over its duration, half over the
 * begins and ends of its steps. Nothing is known of the steps beforehand, so a new one is covered by itself.
 */
export function findMoments(lines: readonly StampedLine[], tookMs: number, count: number): readonly Moment[] {
  const byLine = Math.floor(count / 2);
  return [...spreadOverTime(lines, tookMs, count - byLine), ...spreadOverLines(lines, byLine)];
}

function spreadOverTime(lines: readonly StampedLine[], tookMs: number, count: number): readonly Moment[] {
  return Array.from({ length: count }, (_, index) => {
    const afterMs = Math.round((tookMs * (index + 0.5)) / count);
    return { kind: 'time', afterMs, during: describeTime(lines, afterMs) };
  });
}

function describeTime(lines: readonly StampedLine[], afterMs: number): string {
  const progress = lines.filter(({ atMs }) => atMs <= afterMs).map(({ text }) => progressOf(text));
  return progress.findLast((line) => line !== undefined) ?? 'nothing yet';
}

function spreadOverLines(lines: readonly StampedLine[], count: number): readonly Moment[] {
  const marks: { readonly line: string; readonly occurrence: number }[] = [];
  for (const line of lines.map(({ text }) => progressOf(text)).filter((progress) => progress !== undefined)) {
    marks.push({ line, occurrence: marks.filter((mark) => mark.line === line).length });
  }
  const wanted = Math.min(count, marks.length);
  const chosen = Array.from(
    { length: wanted },
    (_, index) => marks[Math.floor(((index + 0.5) * marks.length) / wanted)],
  );
  return chosen.filter((mark) => mark !== undefined).map((mark) => ({ kind: 'line', ...mark }));
}

export function describeMoment(moment: Moment): string {
  if (moment.kind === 'line') return `right after "${moment.line}" number ${moment.occurrence + 1}`;
  return `after ${moment.afterMs} ms (an undisturbed one had just written: ${moment.during})`;
}
