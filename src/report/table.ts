import { printable, type Style } from './style.ts';
import { wrap } from './wrap.ts';

export interface Column {
  readonly head: string;
  readonly align?: 'right';
}

/**
 * Rows without borders, two spaces between columns. Where the terminal is narrower, the widest columns are wrapped at
 * spaces; where that is not enough, each row is a block of `HEAD: value`, since a path, an address or an id that is cut in
 * two cannot be copied. What stands in our tables is narrow text, so a character is a column.
 */
export function renderTable(
  columns: readonly Column[],
  table: readonly (readonly string[])[],
  style: Style,
): readonly string[] {
  const rows = table.map((row) => row.map(printable));
  const heads = columns.map(({ head }) => head);
  const widths = fit(columns.map(boundsOf([heads, ...rows])), style.columns);
  if (widths === undefined && rows.length > 0) return layBlocks(heads, rows, style);
  const layout = { columns, widths: widths ?? heads.map(({ length }) => length) };
  return [...layRow(heads, layout).map((line) => style.bold(line)), ...rows.flatMap((row) => layRow(row, layout))];
}

const gap = 2;

interface Bounds {
  /** Without any wrapping. */
  readonly natural: number;
  /** Narrower than this, a word or a number would be cut. */
  readonly least: number;
}

function boundsOf(rows: readonly (readonly string[])[]): (column: Column, index: number) => Bounds {
  return ({ align }, index) => {
    const cells = rows.map((row) => row[index] ?? '');
    const natural = longest(cells);
    // A number with groups is one word.
    return { natural, least: align === 'right' ? natural : longest(cells.flatMap((cell) => cell.split(' '))) };
  };
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 0);
}

/** Takes what is too much from the widest column that can give; undefined where all of them together cannot. */
function fit(bounds: readonly Bounds[], available: number | undefined): readonly number[] | undefined {
  const fitted = bounds.map(({ natural }) => natural);
  const total = fitted.reduce((sum, width) => sum + width, gap * (fitted.length - 1));
  for (let excess = total - (available ?? Infinity); excess > 0; excess -= 1) {
    const giving = fitted.map((width, index) => (width > (bounds[index]?.least ?? 0) ? width : 0));
    const widest = mostOf(giving);
    if (widest === 0) return undefined;
    fitted[giving.indexOf(widest)] = widest - 1;
  }
  return fitted;
}

function mostOf(widths: readonly number[]): number {
  return Math.max(0, ...widths);
}

interface Layout {
  readonly columns: readonly Column[];
  readonly widths: readonly number[];
}

/** As many lines as the cell with the most pieces has. */
function layRow(row: readonly string[], { columns, widths }: Layout): readonly string[] {
  const cells = widths.map((width, index) => wrap(row[index] ?? '', width));
  const count = mostOf(cells.map((cell) => cell.length));
  return Array.from({ length: count }, (_, line) =>
    cells
      .map((cell, index) => pad(cell[line] ?? '', widths[index] ?? 0, columns[index]?.align))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

/** One block for each row, with an empty line between two. */
function layBlocks(heads: readonly string[], rows: readonly (readonly string[])[], style: Style): readonly string[] {
  return rows.flatMap((row, number) => [
    ...(number === 0 ? [] : ['']),
    ...heads.map((head, index) => `${style.bold(`${head}:`)} ${row[index] ?? ''}`),
  ]);
}
