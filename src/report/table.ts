import { printable, type Style } from './style.ts';

export interface Column {
  readonly head: string;
  readonly align?: 'right';
}

/**
 * Rows without borders, two spaces between columns. Where the terminal is narrower, the widest column is wrapped. What
 * stands in our tables is narrow text (names, counts, times, paths), so a character is a column.
 */
export function renderTable(
  columns: readonly Column[],
  table: readonly (readonly string[])[],
  style: Style,
): readonly string[] {
  const rows = table.map((row) => row.map(printable));
  const natural = columns.map(({ head }, index) =>
    Math.max(head.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const widths = fit(natural, style.columns);
  const heads = columns.map(({ head }) => head);
  const lay = (row: readonly string[]): readonly string[] => layRow(row, { columns, widths });
  return [...lay(heads).map((line) => style.bold(line)), ...rows.flatMap(lay)];
}

const gap = 2;
const narrowest = 12;

/** Takes what is too much from the widest column, as long as it stays readable. */
function fit(widths: readonly number[], available: number | undefined): readonly number[] {
  const fitted = [...widths];
  let excess = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1)) - (available ?? Infinity);
  while (excess > 0) {
    const widest = Math.max(...fitted);
    if (widest <= narrowest) break;
    fitted[fitted.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return fitted;
}

interface Layout {
  readonly columns: readonly Column[];
  readonly widths: readonly number[];
}

/** As many lines as the cell with the most pieces has. */
function layRow(row: readonly string[], { columns, widths }: Layout): readonly string[] {
  const cells = widths.map((width, index) => pieces(row[index] ?? '', width));
  const count = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: count }, (_, line) =>
    cells
      .map((cell, index) => pad(cell[line] ?? '', widths[index] ?? 0, columns[index]?.align))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

function pieces(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  return [text.slice(0, width), ...pieces(text.slice(width), width)];
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}
