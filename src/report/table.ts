import Table from 'cli-table3';
import type { Style } from './style.ts';

export interface Column {
  readonly head: string;
  readonly align?: 'right';
}

/** Rows without borders, two spaces between columns. Where the terminal is narrower, the widest column is wrapped. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): readonly string[] {
  const widths = columns.map(({ head }, index) => Math.max(head.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const table = new Table({
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colAligns: columns.map(({ align }) => align ?? 'left'),
    colWidths: fit(widths, style.columns),
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(
    columns.map(({ head }) => style.bold(head)),
    ...rows.map((row) => [...row]),
  );
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

const gap = 2;
const narrowest = 12;

/** Takes what is too much from the widest column, as long as it stays readable. */
function fit(widths: readonly number[], available: number | undefined): number[] {
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

const noBorders = {
  ...Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map((name) => [
      name,
      '',
    ]),
  ),
  ...Object.fromEntries(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'].map((name) => [name, ''])),
  middle: ' '.repeat(gap),
};
