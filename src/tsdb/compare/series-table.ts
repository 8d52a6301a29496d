import type { HeadSeries } from '../head/head-series.ts';
import type { HeadSums } from '../inventory/head-tally.ts';
import { hashed, type SeriesSeed } from '../inventory/sample-digest.ts';
import type { SeriesSums, SeriesTally } from '../inventory/tally.ts';
import type { WindowGrid } from '../inventory/window-grid.ts';

/** Columns of a row, each an unsigned word. */
const seedA = 0;
const seedB = 1;
/** One more than the number of the window: zero is an empty row. */
const window = 2;
const job = 3;
const countBefore = 4;
const countAfter = 5;
/** What `before` adds to the digest and `after` takes away from it. */
const sumA = 6;
const sumB = 7;
const batch = 8;
const width = 9;

/** What one series holds in one window on both sides. */
export interface SeriesRow {
  readonly row: number;
  readonly seed: SeriesSeed;
  readonly window: number;
  readonly job: string;
  readonly before: number;
  readonly after: number;
  readonly isEqual: boolean;
}

export interface SeriesTableOptions {
  readonly grid: WindowGrid;
  /** The numbers of the windows by their beginnings. */
  readonly windows: ReadonlyMap<number, number>;
  /** Which of the series are looked at, so that the table stays small. */
  readonly isWanted: (seed: SeriesSeed) => boolean;
}

/** Sums by series and window of two sides in one table of 36 bytes a row: what is equal on both comes out as zero. */
export class SeriesTable implements SeriesTally {
  readonly grid: WindowGrid;
  side: 'before' | 'after' = 'before';
  /** Of `before`, by window. */
  readonly beforeSums: { samples: number; a: number; b: number }[];
  private readonly options: SeriesTableOptions;
  private readonly jobs = new Map<string, number>();
  private readonly jobNames: string[] = [];
  private rows = new Uint32Array(1024 * width);
  private used = 0;

  constructor(options: SeriesTableOptions) {
    this.grid = options.grid;
    this.options = options;
    this.beforeSums = [...options.windows].map(() => ({ samples: 0, a: 0, b: 0 }));
  }

  addSeries(startMs: number, jobName: string, seed: SeriesSeed, sums: SeriesSums): void {
    const number = this.options.windows.get(startMs);
    if (number === undefined || sums.samples === 0 || !this.options.isWanted(seed)) return;
    const row = this.rowOf(seed, number, jobName);
    if (this.side === 'before') {
      const total = this.beforeSums[number] as { samples: number; a: number; b: number };
      total.samples += sums.samples;
      total.a = (total.a + sums.a) >>> 0;
      total.b = (total.b + sums.b) >>> 0;
      this.change(row + countBefore, sums.samples);
      this.change(row + sumA, sums.a);
      this.change(row + sumB, sums.b);
    } else {
      this.change(row + countAfter, sums.samples);
      this.change(row + sumA, -sums.a);
      this.change(row + sumB, -sums.b);
    }
  }

  addOutOfOrder(): void {
    // They are in the sums already.
  }

  headSums(series: HeadSeries): HeadSums {
    const sums = { samples: 1, staleMarkers: 0, a: 0, b: 0, firstMs: 0, lastMs: 0 };
    return {
      add: (index, timeMs) => {
        sums.a = hashed.a;
        sums.b = hashed.b;
        const name = series.jobs[series.jobAt(index)] ?? '';
        this.addSeries(this.grid.startOf(timeMs), name, series.seedAt(index), sums);
      },
      addStaleMarker: () => undefined,
      end: () => undefined,
    };
  }

  *list(): Generator<SeriesRow, void> {
    for (let row = 0; row < this.rows.length; row += width) {
      if (this.rows[row + window] === 0) continue;
      const before = this.at(row + countBefore);
      const after = this.at(row + countAfter);
      const isEqual = before === after && this.at(row + sumA) === 0 && this.at(row + sumB) === 0;
      const seed = { a: this.at(row + seedA), b: this.at(row + seedB) };
      const name = this.jobNames[this.at(row + job)] ?? '';
      yield { row, seed, window: this.at(row + window) - 1, job: name, before, after, isEqual };
    }
  }

  /** Marks a row, so that `findInBatch` finds it. From then on nothing may be added. */
  putInBatch(row: number, number: number): void {
    this.rows[row + batch] = number;
  }

  findInBatch(seed: SeriesSeed, startMs: number, number: number): number | undefined {
    const found = this.options.windows.get(startMs);
    if (found === undefined) return undefined;
    const row = findRow(this.rows, seed, found + 1);
    return this.rows[row + window] !== 0 && this.rows[row + batch] === number ? row : undefined;
  }

  private at(place: number): number {
    return this.rows[place] as number;
  }

  private change(place: number, by: number): void {
    this.rows[place] = ((this.rows[place] as number) + by) >>> 0;
  }

  private rowOf(seed: SeriesSeed, number: number, jobName: string): number {
    const found = findRow(this.rows, seed, number + 1);
    if (this.rows[found + window] !== 0) return found;
    if (2 * (this.used + 1) > this.rows.length / width) {
      this.grow();
      return this.rowOf(seed, number, jobName);
    }
    this.used += 1;
    this.rows[found + seedA] = seed.a;
    this.rows[found + seedB] = seed.b;
    this.rows[found + window] = number + 1;
    this.rows[found + job] = this.numberOfJob(jobName);
    return found;
  }

  private numberOfJob(name: string): number {
    const known = this.jobs.get(name);
    if (known !== undefined) return known;
    this.jobs.set(name, this.jobNames.length);
    return this.jobNames.push(name) - 1;
  }

  private grow(): void {
    const larger = new Uint32Array(2 * this.rows.length);
    for (let row = 0; row < this.rows.length; row += width) {
      if (this.rows[row + window] === 0) continue;
      const seed = { a: this.at(row + seedA), b: this.at(row + seedB) };
      larger.set(this.rows.subarray(row, row + width), findRow(larger, seed, this.at(row + window)));
    }
    this.rows = larger;
  }
}

/** Where it stands, or the empty row where it would. The number of rows is a power of two. */
function findRow(rows: Uint32Array, seed: SeriesSeed, windowWord: number): number {
  const mask = rows.length / width - 1;
  let place = (seed.a ^ Math.imul(windowWord, 0x9e3779b1)) & mask;
  for (;;) {
    const row = place * width;
    if (rows[row + window] === 0) return row;
    if (rows[row + window] === windowWord && rows[row + seedA] === seed.a && rows[row + seedB] === seed.b) return row;
    place = (place + 1) & mask;
  }
}
