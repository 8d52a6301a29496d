import type { TsdbFinding, TsdbInventory } from '../model/tsdb-inventory.ts';
import { printable, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { formatCount, formatSecond, formatTime, plural } from './time.ts';

const mostWindows = 24;

/** An inventory for people: totals, the newest windows, and what could not be read. */
export function renderTsdbInventory(directory: string, inventory: TsdbInventory, style: Style): readonly string[] {
  const { completeToMs, totals, windows, jobs } = inventory;
  const to = completeToMs === null ? 'there is no sample' : `complete to ${formatTime(completeToMs)}`;
  const late = totals.outOfOrderSamples;
  return [
    style.bold(
      `${printable(directory)}: ${plural(totals.samples, 'sample')} in ${formatCount(totals.series)} series (${to})`,
    ),
    ...(totals.staleMarkers > 0 ? [`${plural(totals.staleMarkers, 'stale marker')} besides.`] : []),
    ...(late > 0
      ? [`${plural(late, 'sample')} came out of order and ${late === 1 ? 'is' : 'are'} in no block yet.`]
      : []),
    `${plural(jobs.length, 'job')}: ${jobs.map(({ job }) => printable(job) || '(none)').join(', ')}`,
    '',
    ...renderWindows(windows, style),
    ...renderTsdbFindings(inventory.findings, style),
  ];
}

function renderWindows(windows: TsdbInventory['windows'], style: Style): readonly string[] {
  if (windows.length === 0) return [];
  const shown = windows.slice(-mostWindows);
  const columns = [
    { head: 'FROM' },
    { head: 'SERIES', align: 'right' },
    { head: 'SAMPLES', align: 'right' },
    { head: 'DIGEST' },
  ] as const;
  const rows = shown.map(({ fromMs, series, samples, digest }) => [
    formatSecond(fromMs),
    formatCount(series),
    formatCount(samples),
    digest,
  ]);
  const earlier = windows.length - shown.length;
  return [
    ...(earlier > 0 ? [`${plural(earlier, 'earlier window')} of two hours: see --json.`] : []),
    ...renderTable(columns, rows, style),
  ];
}

const mostFindings = 20;
const order = ['error', 'warning', 'info'] as const;

/** Errors first, the first twenty of all, and what is left out as a number. */
export function renderTsdbFindings(findings: readonly TsdbFinding[], style: Style): readonly string[] {
  if (findings.length === 0) return [];
  const sorted = [...findings].sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
  // How many are left out is said whatever is shown.
  const cut = sorted.filter(({ rule }) => rule === 'more-findings');
  const shown = [...sorted.filter(({ rule }) => rule !== 'more-findings').slice(0, mostFindings), ...cut];
  const lines = shown.flatMap(({ severity, rule, series, message, remedy }) => {
    const mark = severity === 'error' ? style.red(severity) : severity;
    const hit = series === null ? [] : [`  series ${printable(series)}`];
    return [`${mark} ${printable(rule)}: ${printable(message)}`, ...hit, `  -> ${printable(remedy)}`];
  });
  const more = findings.length - shown.length;
  return ['', ...lines, ...(more > 0 ? [`and ${plural(more, 'more finding')}: see --json.`] : [])];
}
