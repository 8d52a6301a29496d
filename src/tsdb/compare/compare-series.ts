import type { ComparedWindow, TsdbComparison } from '../../model/tsdb-comparison.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { HeadSeries } from '../head/head-series.ts';
import type { HeadSums } from '../inventory/head-tally.ts';
import type { SeriesSeed } from '../inventory/sample-digest.ts';
import type { SeriesTally } from '../inventory/tally.ts';
import { TimeRanges } from '../inventory/time-ranges.ts';
import { walkTsdb, type CountEvents } from '../inventory/walk-tsdb.ts';
import { WindowGrid } from '../inventory/window-grid.ts';
import { digestOf } from '../inventory/window-table.ts';
import { LostSeriesList } from './lost-series.ts';
import { SampleTable } from './sample-table.ts';
import { SeriesTable, type SeriesRow } from './series-table.ts';

export interface CompareSeriesOptions {
  readonly before: TsdbFiles;
  readonly after: TsdbFiles;
  /** Further ones that together with `after` must hold what `before` holds. Of windows they share, `added` says too much. */
  readonly others?: readonly TsdbFiles[];
  /** Nothing behind it is compared. */
  readonly cutMs: number;
  /** The windows in question, and at most how many series each holds on both sides together. */
  readonly windows: readonly { readonly fromMs: number; readonly series: number }[];
  readonly onRead: (bytes: number) => void;
  /** How much is kept in memory at once; for tests. */
  readonly limits?: CompareLimits;
}

export interface CompareLimits {
  readonly rows: number;
  readonly samples: number;
}

/** Some 80 MB each. */
const defaultLimits: CompareLimits = { rows: 1_000_000, samples: 1_500_000 };

/**
 * Which samples of `before` are not in `after`, and which have another value there. First by series, since most are equal;
 * then, of those that are not, sample by sample. Both in parts that fit into memory, for each of which the windows in
 * question are read again. What cannot be read was told when the inventories were taken.
 */
export function compareSeries(options: CompareSeriesOptions): TsdbComparison {
  const limits = options.limits ?? defaultLimits;
  const results = options.windows.map(({ fromMs }) => new WindowResult(fromMs));
  const lost = new LostSeriesList();
  for (const group of groupWindows(options.windows, limits.rows)) {
    const series = group.reduce((sum, number) => sum + (options.windows[number]?.series ?? 0), 0);
    const parts = Math.max(1, Math.ceil(series / limits.rows));
    for (let part = 0; part < parts; part += 1) {
      comparePart({ ...options, limits, group, results, lost }, (seed) => seed.b % parts === part);
    }
  }
  const ranges = rangesOf(options, [...options.windows.keys()]);
  return { windows: results.map((result) => result.finish()), series: lost.name(options.before, ranges) };
}

/** As many windows together as have few enough series. */
function groupWindows(windows: CompareSeriesOptions['windows'], mostRows: number): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let rows = Infinity;
  for (const [number, { series }] of windows.entries()) {
    if (rows + series > mostRows) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(number);
    rows += series;
  }
  return groups;
}

interface Part extends CompareSeriesOptions {
  readonly limits: CompareLimits;
  /** Numbers of windows. */
  readonly group: readonly number[];
  readonly results: readonly WindowResult[];
  readonly lost: LostSeriesList;
}

function comparePart(part: Part, isWanted: (seed: SeriesSeed) => boolean): void {
  const windows = new Map(part.group.map((number, place) => [part.windows[number]?.fromMs ?? NaN, place]));
  const table = new SeriesTable({ grid: new WindowGrid(part.cutMs), windows, isWanted });
  walkBoth(part, table);
  const resultOf = (row: SeriesRow) => part.results[part.group[row.window] as number] as WindowResult;
  table.beforeSums.forEach((sums, place) => part.results[part.group[place] as number]?.addBefore(sums));
  const tell = (row: SeriesRow, missing: number, changed: number, added: number): void => {
    resultOf(row).add(row.job, missing, changed, added);
    part.lost.add(row.seed, missing, changed);
  };
  const unclear: SeriesRow[] = [];
  for (const row of table.list()) {
    if (row.isEqual) continue;
    if (row.before === 0 || row.after === 0) tell(row, row.before, 0, row.after);
    else unclear.push(row);
  }
  for (const [number, rows] of batch(unclear, part.limits.samples).entries()) {
    rows.forEach(({ row }) => table.putInBatch(row, number + 1));
    const samples = new SampleTable(table, number + 1, sumOf(rows));
    walkBoth(part, samples);
    const verdicts = samples.judge();
    for (const row of rows) {
      const { missing, changed, added } = verdicts.get(row.row) ?? { missing: 0, changed: 0, added: 0 };
      tell(row, missing, changed, added);
    }
  }
}

/** Each batch has at least one. */
function batch(rows: readonly SeriesRow[], mostSamples: number): readonly (readonly SeriesRow[])[] {
  const batches: SeriesRow[][] = [];
  let samples = Infinity;
  for (const row of rows) {
    if (samples + row.before > mostSamples) {
      batches.push([]);
      samples = 0;
    }
    batches.at(-1)?.push(row);
    samples += row.before;
  }
  return batches;
}

function sumOf(rows: readonly SeriesRow[]): number {
  return rows.reduce((sum, { before }) => sum + before, 0);
}

interface BothTally extends SeriesTally {
  side: 'before' | 'after';
  headSums(series: HeadSeries): HeadSums;
}

function walkBoth(part: Part, tally: BothTally): void {
  const ranges = rangesOf(part, part.group);
  const sides = [part.before, part.after, ...(part.others ?? [])];
  for (const [number, files] of sides.entries()) {
    tally.side = number === 0 ? 'before' : 'after';
    const headSums = (series: HeadSeries) => tally.headSums(series);
    walkTsdb({ files, events: silent(part.onRead), tally, headSums, ranges });
  }
}

function rangesOf({ windows, cutMs }: CompareSeriesOptions, numbers: readonly number[]): TimeRanges {
  const grid = new WindowGrid(cutMs);
  return new TimeRanges(
    numbers.map((number) => {
      const fromMs = windows[number]?.fromMs ?? NaN;
      return { fromMs, toMs: grid.endOf(fromMs) };
    }),
  );
}

function silent(onRead: (bytes: number) => void): CountEvents {
  const ignore = () => undefined;
  return { onBlockDamage: ignore, onHeadDamage: ignore, onConflict: ignore, onHole: ignore, onRead };
}

class WindowResult {
  private readonly fromMs: number;
  private readonly before = { samples: 0, a: 0, b: 0 };
  private readonly sums = { missing: 0, changed: 0, added: 0 };
  private readonly jobs = new Map<string, { missing: number; changed: number }>();

  constructor(fromMs: number) {
    this.fromMs = fromMs;
  }

  addBefore({ samples, a, b }: { readonly samples: number; readonly a: number; readonly b: number }): void {
    this.before.samples += samples;
    this.before.a = (this.before.a + a) >>> 0;
    this.before.b = (this.before.b + b) >>> 0;
  }

  add(job: string, missing: number, changed: number, added: number): void {
    this.sums.missing += missing;
    this.sums.changed += changed;
    this.sums.added += added;
    if (missing + changed === 0) return;
    const sums = this.jobs.get(job) ?? { missing: 0, changed: 0 };
    sums.missing += missing;
    sums.changed += changed;
    this.jobs.set(job, sums);
  }

  finish(): ComparedWindow {
    const jobs = [...this.jobs]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([job, { missing, changed }]) => ({ job, missing, changed }));
    const before = { samples: this.before.samples, digest: digestOf(this.before) };
    return { fromMs: this.fromMs, before, ...this.sums, jobs };
  }
}
