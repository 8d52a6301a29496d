import { printable, type Style } from './style.ts';
import { renderAxis, type TimeScale } from './time-axis.ts';

export interface TimelineRow {
  readonly label: string;
  /** In the order of their times; both ends inclusive. */
  readonly ranges: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** How long a sample stands for: until the next one is due. */
  readonly intervalMs: number;
  /** How far the picture reaches where nothing came behind the last range. */
  readonly untilMs?: number | undefined;
}

interface Marks {
  readonly all: string;
  readonly most: string;
  readonly some: string;
  readonly none: string;
  readonly cut: string;
}

const unicode: Marks = { all: '█', most: '▓', some: '░', none: '·', cut: '…' };
const ascii: Marks = { all: '#', most: '+', some: '-', none: '.', cut: '~' };

const usualColumns = 100;
const fewestCells = 20;

/** Dates that JavaScript knows. */
const mostMs = 8.64e15;

/**
 * One line for each row, with an axis below: what is full has no gap in it, however short. Empty where there is nothing to
 * draw, or where the times are none that a calendar knows.
 */
export function renderTimeline(rows: readonly TimelineRow[], style: Style): readonly string[] {
  const all = rows.flatMap(({ ranges, intervalMs }) => ranges.map((range) => ({ ...range, intervalMs })));
  const fromMs = all.reduce((first, range) => Math.min(first, range.fromMs), Infinity);
  const written = all.reduce((last, range) => Math.max(last, range.toMs + range.intervalMs), -Infinity);
  const toMs = rows.reduce((last, { untilMs }) => Math.max(last, untilMs ?? -Infinity), written);
  if (!(Math.abs(fromMs) <= mostMs && Math.abs(toMs) <= mostMs)) return [];
  const columns = style.columns ?? usualColumns;
  const longest = Math.max(...rows.map(({ label }) => label.length));
  const labelWidth = Math.max(1, Math.min(longest, Math.floor(columns * 0.3), 40));
  const scale = { fromMs, toMs: Math.max(toMs, fromMs + 1), cells: Math.max(fewestCells, columns - labelWidth - 1) };
  const marks = style.isUnicode ? unicode : ascii;
  const indent = ' '.repeat(labelWidth + 1);
  const [ticks, labels] = renderAxis(scale, style.isUnicode);
  return [
    ...rows.map((row) => `${fit(printable(row.label), labelWidth, marks)} ${drawRow(row, scale, { marks, style })}`),
    style.dim(`${indent}${ticks}`),
    style.dim(`${indent}${labels}`.trimEnd()),
  ];
}

/** What the marks mean. */
export function timelineLegend({ isUnicode }: Style): string {
  const { all, most, some, none } = isUnicode ? unicode : ascii;
  return `${all} no gap  ${most} a gap in it  ${some} mostly a gap  ${none} nothing`;
}

/** The end of a path tells more than its beginning. */
function fit(label: string, width: number, { cut }: Marks): string {
  if (label.length <= width) return label.padEnd(width);
  return label.startsWith('/')
    ? `${cut}${label.slice(1 - width)}`.slice(0, width)
    : `${label.slice(0, width - 1)}${cut}`;
}

interface Pen {
  readonly marks: Marks;
  readonly style: Style;
}

function drawRow(row: TimelineRow, scale: TimeScale, { marks, style }: Pen): string {
  const shares = sharesOf(row, scale);
  const cells = shares.map((share) =>
    share === 1 ? marks.all : share >= 0.5 ? marks.most : share > 0 ? marks.some : marks.none,
  );
  const paint: Readonly<Record<string, (text: string) => string>> = {
    [marks.all]: style.green,
    [marks.most]: style.yellow,
    [marks.some]: style.yellow,
    [marks.none]: style.dim,
  };
  // Cells that are alike are painted at once.
  const runs = cells.join('').match(/(.)\1*/gu) ?? [];
  return runs.map((run) => (paint[run[0] ?? ''] ?? ((text: string) => text))(run)).join('');
}

/** How much of each cell is covered, 0 to 1. */
function sharesOf({ ranges, intervalMs }: TimelineRow, { fromMs, toMs, cells }: TimeScale): readonly number[] {
  const shares = new Float64Array(cells);
  const cellMs = (toMs - fromMs) / cells;
  ranges.forEach((range, index) => {
    // A sample stands until the next one is due, and never beyond the next there is.
    const next = ranges[index + 1]?.fromMs ?? Infinity;
    const begin = (range.fromMs - fromMs) / cellMs;
    const end = (Math.min(range.toMs + intervalMs, next) - fromMs) / cellMs;
    for (let cell = Math.max(0, Math.floor(begin)); cell < Math.min(cells, end); cell += 1) {
      shares[cell] = (shares[cell] ?? 0) + Math.max(0, Math.min(cell + 1, end) - Math.max(cell, begin));
    }
  });
  return Array.from(shares, (share) => (share > 1 - cellTolerance ? 1 : share));
}

/** Less than this of a cell is no gap but the end of the last interval. */
const cellTolerance = 1e-6;
