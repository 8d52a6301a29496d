import type { TsdbCut, TsdbJob, TsdbOutOfOrder, TsdbWindow } from '../../model/tsdb-inventory.ts';
import type { LateSamples } from './late-samples.ts';
import type { SeriesSeed } from './sample-digest.ts';
import { SeedSet } from './seed-set.ts';
import { WindowGrid, windowStart } from './window-grid.ts';
import type { TimeRange } from './time-ranges.ts';
import { addTo, emptySums, toWindow, windowMs, WindowTable, type WindowSums } from './window-table.ts';

/** What one series holds in one window. */
export interface SeriesSums {
  readonly samples: number;
  readonly staleMarkers: number;
  readonly a: number;
  readonly b: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What a tally has added up, for the tally of another thread. */
export interface TallyState {
  readonly windows: readonly WindowSums[];
  readonly jobs: readonly { readonly job: string; readonly windows: readonly WindowSums[] }[];
  /** Each series of them, as two words. */
  readonly series: Uint32Array;
  readonly nextMs: number;
}

/** What the samples of blocks, and those that came out of order, are told to, by the stretches of its grid. */
export interface SeriesTally {
  /** The stretches: of each series, what is in one of them is told at once. */
  readonly grid: Pick<WindowGrid, 'startOf' | 'endOf'>;
  addSeries(startMs: number, job: string, seed: SeriesSeed, sums: SeriesSums): void;
  /** Blocks follow, in the order of their times. */
  beginBlocks?(fromMs: number): void;
  /** Besides, of what came out of order and is in no block. */
  addOutOfOrder(startMs: number, sums: SeriesSums): void;
}

/** Where everything that is read is added up: windows, windows of each job, and series. */
export class Tally implements SeriesTally {
  readonly grid: WindowGrid;
  private nextMs = Infinity;
  private readonly windows = new WindowTable();
  private readonly jobs = new Map<string, WindowTable>();
  private readonly series = new SeedSet();
  /** Windows that several sources reach into: there a series may come more than once. */
  private readonly sharedWindows = new Set<number>();
  /** All windows from the first to the second. */
  private sharedRange: TimeRange = { fromMs: Infinity, toMs: -Infinity };
  private readonly seen = new Map<number, SeedSet>();
  private late: LateSamples | undefined;
  private readonly cutSeries = new SeedSet();
  private readonly outOfOrder = new WindowTable();

  constructor(grid: WindowGrid = new WindowGrid()) {
    this.grid = grid;
    if (grid.cutMs !== null) this.share(windowStart(grid.cutMs));
  }

  /** From now on a series is counted once in this window, from wherever it comes. */
  share(windowFromMs: number): void {
    this.sharedWindows.add(windowFromMs);
  }

  /** As `share`, for each window from the one to the other, however many these are. */
  shareRange(range: TimeRange): void {
    this.sharedRange = range;
  }

  /** Blocks come in the order of their times: what nothing reaches into any more need not be remembered. */
  beginBlocks(fromMs: number): void {
    for (const seenMs of this.seen.keys()) {
      if (seenMs + windowMs <= fromMs && seenMs < this.sharedRange.fromMs && !this.isCutWindow(seenMs))
        this.seen.delete(seenMs);
    }
  }

  /** What came late may come again from wherever it was found before. */
  watch(late: LateSamples): void {
    this.late = late;
  }

  addSeries(startMs: number, job: string, seed: SeriesSeed, sums: SeriesSums): void {
    this.addSums(startMs, job, sums);
    if (sums.samples > 0) this.noteSeries(startMs, job, seed);
  }

  /** Samples of any series of a job in a stretch; the series themselves are noted one by one. */
  addSums(startMs: number, job: string, sums: SeriesSums): void {
    const table = this.tableOf(job);
    addTo(this.windows.at(startMs), sums);
    addTo(table.at(startMs), sums);
    if (this.grid.isCutStretch(startMs)) {
      addTo((this.windows.cut ??= emptySums(startMs)), sums);
      addTo((table.cut ??= emptySums(startMs)), sums);
    } else if (sums.samples > 0 && this.grid.isAfterCut(startMs)) this.nextMs = Math.min(this.nextMs, sums.firstMs);
  }

  addOutOfOrder(startMs: number, sums: SeriesSums): void {
    if (sums.samples > 0 && !this.grid.isAfterCut(startMs)) addTo(this.outOfOrder.at(startMs), sums);
  }

  /** A series that has a sample in a stretch. */
  noteSeries(startMs: number, job: string, seed: SeriesSeed): void {
    this.series.add(seed);
    const table = this.tableOf(job);
    if (this.grid.isCutStretch(startMs) && this.cutSeries.add(seed)) {
      (this.windows.cut ??= emptySums(startMs)).series += 1;
      (table.cut ??= emptySums(startMs)).series += 1;
    }
    if (!this.isNewIn(windowStart(startMs), seed)) return;
    this.windows.at(startMs).series += 1;
    table.at(startMs).series += 1;
  }

  /** Of units of blocks that share no window with any other (block-units.ts). */
  takeState(): TallyState {
    return {
      windows: this.windows.listSums(),
      jobs: [...this.jobs].map(([job, table]) => ({ job, windows: table.listSums() })),
      series: this.series.listSeeds(),
      nextMs: this.nextMs,
    };
  }

  addState({ windows, jobs, series, nextMs }: TallyState): void {
    for (const sums of windows) this.windows.add(sums);
    for (const { job, windows: sumsOfJob } of jobs) for (const sums of sumsOfJob) this.tableOf(job).add(sums);
    for (let at = 0; at < series.length; at += 2) {
      this.series.add({ a: series[at] as number, b: series[at + 1] as number });
    }
    this.nextMs = Math.min(this.nextMs, nextMs);
  }

  get seriesCount(): number {
    return this.series.size;
  }

  listWindows(): readonly TsdbWindow[] {
    return this.windows.list();
  }

  listJobs(): readonly TsdbJob[] {
    return [...this.jobs]
      .map(([job, table]) => ({ job, windows: table.list() }))
      .sort((one, other) => (one.job < other.job ? -1 : 1));
  }

  listOutOfOrder(): readonly TsdbOutOfOrder[] {
    return this.outOfOrder.list().map(({ fromMs, samples, digest }) => ({ fromMs, samples, digest }));
  }

  findCut(): TsdbCut | null {
    const { cutMs } = this.grid;
    if (cutMs === null) return null;
    const cutAway = ({ cut }: WindowTable): TsdbWindow | null =>
      cut === undefined || cut.samples + cut.staleMarkers === 0 ? null : toWindow(cut, cutMs + 1);
    const jobs = [...this.jobs]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([job, table]) => {
        const window = cutAway(table);
        return window === null ? [] : [{ job, window }];
      });
    return {
      atMs: cutMs,
      window: cutAway(this.windows),
      jobs,
      nextMs: Number.isFinite(this.nextMs) ? this.nextMs : null,
    };
  }

  private isCutWindow(windowFromMs: number): boolean {
    return this.grid.cutMs !== null && windowFromMs === windowStart(this.grid.cutMs);
  }

  private isNewIn(windowFromMs: number, seed: SeriesSeed): boolean {
    const isFirst = this.late?.noteSeries(seed, windowFromMs);
    if (isFirst !== undefined) return isFirst;
    const { fromMs, toMs } = this.sharedRange;
    if (!this.sharedWindows.has(windowFromMs) && (windowFromMs < fromMs || windowFromMs >= toMs)) return true;
    let seen = this.seen.get(windowFromMs);
    if (seen === undefined) this.seen.set(windowFromMs, (seen = new SeedSet()));
    return seen.add(seed);
  }

  private tableOf(job: string): WindowTable {
    let table = this.jobs.get(job);
    if (table === undefined) {
      table = new WindowTable();
      this.jobs.set(job, table);
    }
    return table;
  }
}
