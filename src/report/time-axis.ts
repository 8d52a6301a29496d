/** A stretch of time drawn over so many cells. */
export interface TimeScale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cells: number;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Distances between two ticks that people count in; beyond two weeks they are months. */
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * secondMs),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minuteMs),
  ...[1, 2, 3, 6, 12].map((count) => count * hourMs),
  ...[1, 2, 7, 14].map((count) => count * dayMs),
];
const monthSteps = [1, 3, 6, 12, 24, 60, 120, 1200];

interface Tick {
  readonly cell: number;
  readonly label: string;
}

const marks = { unicode: { line: '─', tick: '┬' }, ascii: { line: '-', tick: '+' } };

/** Two lines below a timeline: one with ticks, one with dates and times in UTC. */
export function renderAxis(scale: TimeScale, isUnicode: boolean): readonly [ticks: string, labels: string] {
  const { line, tick } = isUnicode ? marks.unicode : marks.ascii;
  const ticks = ticksOf(scale);
  const cells = Array.from({ length: scale.cells }, () => line);
  let labels = '';
  for (const { cell, label } of ticks) {
    cells[cell] = tick;
    if (cell + label.length <= scale.cells) labels = `${labels.padEnd(cell)}${label}`;
  }
  return [cells.join(''), labels];
}

/** The closest ticks whose labels have room. */
function ticksOf(scale: TimeScale): readonly Tick[] {
  const cellMs = (scale.toMs - scale.fromMs) / scale.cells;
  const step = steps.find((stepMs) => stepMs / cellMs >= widthOf(stepMs) + labelGap);
  if (step !== undefined) return place(evenTimes(scale, step), scale, (atMs) => labelOf(atMs, step));
  const labelMs = (yearWidthOf(scale) + labelGap) * cellMs;
  const months = monthSteps.find((count) => count * 30 * dayMs >= labelMs) ?? centuriesOf(labelMs);
  return place(monthTimes(scale, months), scale, monthLabel);
}

/** As many whole centuries as a label needs. */
function centuriesOf(spanMs: number): number {
  return Math.ceil(spanMs / (1200 * 30 * dayMs)) * 1200;
}

const labelGap = 2;
const monthWidth = 4;

function yearWidthOf({ fromMs, toMs }: TimeScale): number {
  const years = [fromMs, toMs].map((atMs) => String(new Date(atMs).getUTCFullYear()));
  return Math.max(monthWidth, ...years.map(({ length }) => length));
}

function widthOf(stepMs: number): number {
  return stepMs < minuteMs ? 8 : 6;
}

function* evenTimes({ fromMs, toMs }: TimeScale, stepMs: number): Generator<number> {
  // Weeks begin on a Monday; the epoch was a Thursday.
  const offsetMs = stepMs >= 7 * dayMs ? 4 * dayMs : 0;
  for (let at = Math.ceil((fromMs - offsetMs) / stepMs) * stepMs + offsetMs; at < toMs; at += stepMs) yield at;
}

function* monthTimes({ fromMs, toMs }: TimeScale, months: number): Generator<number> {
  const first = new Date(fromMs);
  let count = Math.floor((12 * first.getUTCFullYear() + first.getUTCMonth()) / months) * months;
  for (;;) {
    const atMs = startOfMonth(count);
    if (!(atMs < toMs)) return;
    if (atMs >= fromMs) yield atMs;
    count += months;
  }
}

/** Date.UTC takes years below 100 for those of the last century. */
function startOfMonth(count: number): number {
  return new Date(0).setUTCFullYear(Math.floor(count / 12), count % 12, 1);
}

function place(times: Iterable<number>, scale: TimeScale, labelAt: (atMs: number) => string): readonly Tick[] {
  return Array.from(times, (atMs) => {
    const cell = Math.floor(((atMs - scale.fromMs) / (scale.toMs - scale.fromMs)) * scale.cells);
    return { cell: Math.min(cell, scale.cells - 1), label: labelAt(atMs) };
  });
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The day where it changes, else the time. */
function labelOf(atMs: number, stepMs: number): string {
  const at = new Date(atMs);
  if (stepMs >= dayMs || atMs % dayMs === 0) return `${monthNames[at.getUTCMonth()]} ${at.getUTCDate()}`;
  return at.toISOString().slice(11, stepMs < minuteMs ? 19 : 16);
}

/** The year where it changes, else the month. */
function monthLabel(atMs: number): string {
  const at = new Date(atMs);
  return at.getUTCMonth() === 0 ? String(at.getUTCFullYear()) : (monthNames[at.getUTCMonth()] ?? '');
}
