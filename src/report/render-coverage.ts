import type { CoverageGap, CoverageReport, JobCoverage, VolumeCoverage } from '../model/coverage.ts';
import { renderTsdbFindings } from './render-tsdb-inventory.ts';
import { printable, type Style } from './style.ts';
import { formatCount, formatSecond, formatSpan, plural } from './time.ts';
import { renderTimeline, timelineLegend, type TimelineRow } from './timeline.ts';
import { wrap } from './wrap.ts';

export interface CoverageLayout {
  readonly style: Style;
  /** A row for each job. */
  readonly isByJob: boolean;
  /** What else went wrong, in words. */
  readonly notes: readonly string[];
}

const mostListed = 40;
const mostJobs = 60;

/** Timelines of volumes and their jobs, and below them each range and each gap with its reason. */
export function renderCoverage(report: CoverageReport, layout: CoverageLayout): readonly string[] {
  const { style, isByJob, notes } = layout;
  const { volumes, cache } = report;
  const heads = volumes.map((volume) => headOf(volume, style));
  const together = isByJob
    ? []
    : renderRows(
        volumes.map((volume) => rowOf(volume.path, volume)),
        style,
      );
  const said = [...cache.notes, ...notes].flatMap((note) => wrap(`note: ${printable(note)}`, style.columns, '  '));
  return [
    ...(isByJob ? [] : [...heads.flat(), ...section(together)]),
    ...volumes.flatMap((volume, index) => [
      ...(isByJob ? [...(index === 0 ? [] : ['']), ...(heads[index] ?? []), ...section(byJob(volume, style))] : []),
      ...section(listVolume(volume, { style, isNamed: !isByJob })),
      ...renderTsdbFindings(volume.findings, style),
    ]),
    ...section(said),
  ];
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function headOf({ path, stack, samples, intervalMs, ranges, gaps, jobs }: VolumeCoverage, style: Style) {
  const of = stack === null ? '' : ` (stack ${printable(stack)})`;
  const [first, last] = [ranges[0], ranges.at(-1)];
  const what =
    first === undefined || last === undefined
      ? 'no sample'
      : `${plural(samples, 'sample')} of ${plural(jobs.length, 'job')}, ${plural(gaps.length, 'gap')}`;
  const times =
    first === undefined || last === undefined
      ? []
      : [
          `${formatSecond(first.fromMs)} to ${formatSecond(last.toMs)}${intervalMs === null ? '' : `, usually a sample every ${formatInterval(intervalMs)}`}`,
        ];
  return [
    ...wrap(`${printable(path)}${of}: ${what}`, style.columns, '  ').map((line) => style.bold(line)),
    ...times.flatMap((line) => wrap(line, style.columns, '  ')),
  ];
}

function formatInterval(intervalMs: number): string {
  return intervalMs < 120_000 ? `${Math.round(intervalMs / 100) / 10} s` : formatSpan(intervalMs);
}

function byJob(volume: VolumeCoverage, style: Style): readonly string[] {
  const shown = volume.jobs.slice(0, mostJobs);
  const rows = [rowOf('all', volume), ...shown.map((job) => rowOf(nameOf(job), job, volume.intervalMs))];
  const more = volume.jobs.length - shown.length;
  return [...renderRows(rows, style), ...(more > 0 ? [`and ${plural(more, 'more job')}: see --json.`] : [])];
}

function nameOf({ job }: JobCoverage): string {
  return job === '' ? '(no job)' : job;
}

type Covered = Pick<VolumeCoverage, 'ranges' | 'intervalMs' | 'gaps'>;

function rowOf(label: string, { ranges, intervalMs, gaps }: Covered, otherwiseMs: number | null = null): TimelineRow {
  const open = gaps.find(({ isOpen }) => isOpen);
  return { label, ranges, intervalMs: intervalMs ?? otherwiseMs ?? 0, untilMs: open?.toMs };
}

function renderRows(rows: readonly TimelineRow[], style: Style): readonly string[] {
  const lines = renderTimeline(rows, style);
  return lines.length === 0 ? [] : [...lines, ...wrap(timelineLegend(style), style.columns).map(style.dim)];
}

interface Entry {
  readonly kind: 'data' | 'gap';
  readonly fromMs: number;
  readonly toMs: number;
  readonly isOpen: boolean;
  readonly words: string;
}

/** Ranges and gaps of everything, in the order of their times; then the gaps that only a job has. */
function listVolume(volume: VolumeCoverage, { style, isNamed }: { style: Style; isNamed: boolean }): readonly string[] {
  const ranges = volume.ranges.map(({ fromMs, toMs, samples }): Entry => {
    return { kind: 'data', fromMs, toMs, isOpen: false, words: plural(samples, 'sample') };
  });
  const entries = [...ranges, ...volume.gaps.map((gap) => entryOf(gap))];
  const ofJobs = volume.jobs.flatMap((job) =>
    job.gaps
      .filter((gap) => !volume.gaps.some((other) => isSameGap(gap, other)))
      .map((gap) => entryOf(gap, nameOf(job))),
  );
  return [
    ...(isNamed ? [style.bold(printable(volume.path))] : []),
    ...renderEntries(entries, style),
    ...(ofJobs.length === 0 ? [] : ['', style.bold('Gaps of single jobs'), ...renderEntries(ofJobs, style)]),
  ];
}

/** What stopped everything is told once. */
function isSameGap(gap: CoverageGap, other: CoverageGap): boolean {
  return gap.reason === other.reason && gap.fromMs < other.toMs && gap.toMs > other.fromMs;
}

function entryOf({ fromMs, toMs, isOpen, reason, message }: CoverageGap, job?: string): Entry {
  const words = `${reason}: ${message}`;
  return { kind: 'gap', fromMs, toMs, isOpen, words: job === undefined ? words : `${job}: ${words}` };
}

function renderEntries(entries: readonly Entry[], style: Style): readonly string[] {
  const sorted = [...entries].sort((one, other) => one.fromMs - other.fromMs || one.toMs - other.toMs);
  const shown = sorted.slice(-mostListed);
  const earlier = sorted.length - shown.length;
  return [
    ...(earlier > 0 ? [`${formatCount(earlier)} earlier ones: see --json.`] : []),
    ...shown.flatMap((entry) => renderEntry(entry, style)),
  ];
}

const spanWidth = 7;
const secondWidth = '2026-11-18T21:00:15Z'.length;

function renderEntry({ kind, fromMs, toMs, isOpen, words }: Entry, style: Style): readonly string[] {
  const mark = kind === 'gap' ? style.yellow('gap ') : 'data';
  const until = isOpen ? 'until now'.padEnd(secondWidth) : formatSecond(toMs);
  const times = `${formatSecond(fromMs)}  ${until}${formatSpan(toMs - fromMs).padStart(spanWidth + 1)}`;
  const line = ` ${times}`;
  const said = printable(words);
  const width = style.columns ?? 100;
  if ('data'.length + line.length + 2 + said.length <= width) return [`${mark}${line}  ${said}`];
  const indent = '     ';
  return [`${mark}${line}`, ...wrap(`${indent}${said}`, width, indent)];
}
