import type { Doubt } from '../head/head-reader.ts';
import { ConflictSums, type SharedConflicts } from './conflict-sums.ts';
import { SampleSpan, type SampleTimes } from './sample-span.ts';
import { firstFlag, LateTable, type SharedTable } from './late-table.ts';
import type { SeriesSeed } from './sample-digest.ts';
import { SeriesMarks, type SharedMarks } from './series-marks.ts';
import type { SeriesSums, SeriesTally } from './tally.ts';
import type { TimeRange } from './time-ranges.ts';
import { windowMs } from './window-table.ts';

export interface SeriesIdentity {
  readonly seed: SeriesSeed;
  readonly job: string;
}

/** A sample by its hash: that is all that an inventory needs of it. */
export interface LateSample {
  readonly timeMs: number;
  readonly isStale: boolean;
  /** Where Prometheus may not answer it. */
  readonly doubt?: Doubt | undefined;
  /** True where it is in a block, which it is no longer late for. */
  readonly isInBlock?: boolean;
  readonly a: number;
  readonly b: number;
}

/** Samples that Prometheus may not answer. */
export interface Doubtful extends SampleTimes {
  readonly doubt: Doubt;
}

/** A place among the samples: ordered by window, then by the first word of the seed. */
export interface LateKey {
  /** Number of the window since the epoch. */
  readonly window: number;
  readonly seedA: number;
}

/** What threads share of them. */
export interface SharedLate {
  readonly table: SharedTable;
  readonly conflicts: SharedConflicts;
  readonly filter: Uint8Array;
  readonly jobs: readonly string[];
  readonly marks: SharedMarks;
}

const doubtFlags: Readonly<Record<Doubt, number>> = {
  'old-reference': firstFlag,
  marked: 2 * firstFlag,
  hidden: 4 * firstFlag,
};
const anyDoubt = 7 * firstFlag;
const inBlockFlag = 8 * firstFlag;

/** What has become of one: it is counted elsewhere, or another value at its time is. */
const taken = 1;
const overruled = 2;

const filterBits = 1 << 20;
/** Some 60 MB, and half as much again for their series. */
export const mostLateSamples = 1_200_000;

/**
 * Samples that came out of order and are not in a block yet, and those of blocks of such samples where the head begins
 * already. They may be anywhere in time, and twice: as a head chunk and in the WBL, or in a block and still in the WBL. They
 * are kept until everything else is known, and then what is left of them is counted, each time of a series once: where
 * several values are left, the one with the smallest hash. A stale marker counts where no value is at its time.
 *
 * Where there are more than fit into memory, only the first of them are kept, by window and series; `next` says where the
 * rest begins, for another pass (walk-tsdb.ts). The table lies in memory that threads may share: each takes away what it
 * finds elsewhere.
 */
export class LateSamples {
  private table = new LateTable();
  private conflicts = new ConflictSums();
  private readonly filter = new Uint8Array(new SharedArrayBuffer(filterBits / 8));
  private readonly jobs: string[] = [];
  private readonly jobNumbers = new Map<string, number>();
  private readonly from: LateKey | null;
  private readonly most: number;
  private end: LateKey | null = null;
  private marks: SeriesMarks | undefined;

  constructor({ from = null, most = mostLateSamples }: { from?: LateKey | null; most?: number } = {}) {
    this.from = from;
    this.most = most;
  }

  /** The same samples in another thread: there is nothing to be added any more. */
  static of({ table, conflicts, filter, jobs, marks }: SharedLate): LateSamples {
    const late = new LateSamples();
    late.table = LateTable.of(table);
    late.conflicts = new ConflictSums(conflicts);
    late.filter.set(filter);
    late.jobs.push(...jobs);
    late.marks = SeriesMarks.of(marks);
    return late;
  }

  /** Called once all are added. */
  share(): SharedLate {
    const { table, conflicts, filter, jobs } = this;
    return { table: table.share(), conflicts: conflicts.share(), filter, jobs, marks: this.marked().share() };
  }

  get isEmpty(): boolean {
    return this.table.used === 0;
  }

  /** Where those begin that are not kept here; null where all are. */
  get next(): LateKey | null {
    return this.end;
  }

  /** Samples that are in no block and that nobody has taken away, stale markers not counted. */
  get count(): number {
    const { table } = this;
    let count = 0;
    for (const place of table.places()) {
      if (!table.isStaleAt(place) && !table.has(place, inBlockFlag) && this.isLeft(place)) count += 1;
    }
    return count;
  }

  /** Of what nobody has taken away, what Prometheus may not answer and for which reason, stale markers not counted. */
  listDoubtful(): readonly Doubtful[] {
    return (['old-reference', 'marked', 'hidden'] as const).flatMap((doubt) => this.findDoubtful(doubt) ?? []);
  }

  private findDoubtful(doubt: Doubt): Doubtful | undefined {
    const { table } = this;
    const span = new SampleSpan();
    for (const place of table.places()) {
      if (table.isStaleAt(place) || !table.has(place, doubtFlags[doubt]) || !this.isLeft(place)) continue;
      span.addTime(table.timeAt(place));
    }
    const { samples, fromMs, toMs } = span;
    return samples === 0 ? undefined : { doubt, samples, fromMs, toMs };
  }

  /** Of equal ones, the first one stays. */
  add({ seed, job }: SeriesIdentity, sample: LateSample): void {
    const { timeMs } = sample;
    const { table } = this;
    const key = { window: Math.floor(timeMs / windowMs), seedA: seed.a };
    if (this.from !== null && compareKeys(key, this.from) < 0) return;
    if (this.end !== null && compareKeys(key, this.end) >= 0) return;
    const place = table.placeOf(seed, timeMs, sample);
    if (table.isFilled(place)) {
      this.comesAgain(place, sample);
      return;
    }
    table.fill(place, seed, timeMs, { ...sample, job: this.numberOfJob(job) });
    table.setFlags(place, flagOf(sample));
    const bit = seed.a & (filterBits - 1);
    this.filter[bit >>> 3] = (this.filter[bit >>> 3] as number) | (1 << (bit & 7));
    if (table.used > this.most) this.cut();
    if (3 * table.used > 2 * table.size) table.rebuild(2 * table.size, () => true);
  }

  /** What a marker drops may come once more behind it, and what is in a block is not in doubt. */
  private comesAgain(place: number, again: LateSample): void {
    const { table } = this;
    if (again.isInBlock === true) table.clearFlags(place, anyDoubt);
    else if (again.doubt === 'marked' || !table.has(place, doubtFlags.marked)) return;
    else table.clearFlags(place, doubtFlags.marked);
    table.setFlags(place, flagOf(again));
  }

  /** False where a series has none for certain. */
  mayHave({ a }: SeriesSeed): boolean {
    if (this.isEmpty) return false;
    const bit = a & (filterBits - 1);
    return ((this.filter[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }

  /** Whoever counts a sample elsewhere takes it away; `value` is its hash. Other values at its time are not counted then. */
  take(seed: SeriesSeed, timeMs: number, value: SeriesSeed): void {
    if (!this.mayHave(seed)) return;
    const { table } = this;
    let isInConflict = false;
    for (const place of table.placesAt(seed, timeMs)) {
      const isOther = !table.isStaleAt(place) && !table.hasValue(place, value);
      table.addFate(place, isOther ? overruled : taken);
      isInConflict ||= isOther;
    }
    if (isInConflict) this.conflicts.addCounted(value);
  }

  /** The same of a stale marker. False where a value came late at its time, so that it does not count. */
  takeStale(seed: SeriesSeed, timeMs: number): boolean {
    if (!this.mayHave(seed)) return true;
    const { table } = this;
    let counts = true;
    for (const place of table.placesAt(seed, timeMs)) {
      if (table.isStaleAt(place)) table.addFate(place, taken);
      else counts = false;
    }
    return counts;
  }

  /**
   * Told of each series that holds a sample in a window, once or more often. Undefined where it has no late sample there; else
   * whether it is told for the first time, by whichever thread.
   */
  noteSeries(seed: SeriesSeed, windowFromMs: number): boolean | undefined {
    return this.mayHave(seed) ? this.marked().mark(seed, windowFromMs / windowMs) : undefined;
  }

  /** The windows that they lie in. */
  listRanges(): readonly TimeRange[] {
    const windows = new Set<number>();
    for (const place of this.table.places()) windows.add(this.keyOf(place).window);
    return [...windows].map((window) => ({ fromMs: window * windowMs, toMs: (window + 1) * windowMs }));
  }

  /** Counts what nobody has taken away. */
  tellTo(tally: SeriesTally): void {
    for (const place of this.table.places()) if (this.isLeft(place)) this.tellOne(place, tally);
  }

  /** Adds the values that are not counted to `conflicts`, and says where they are. Called once everything is counted. */
  tellConflicts(conflicts: ConflictSums): SampleTimes {
    const { table } = this;
    const span = new SampleSpan();
    for (const place of table.places()) {
      if (table.isStaleAt(place) || (table.fateAt(place) & taken) !== 0) continue;
      if (this.isLeft(place)) {
        if (this.hasRivals(place)) conflicts.addCounted(table.valueAt(place));
        continue;
      }
      conflicts.addOther(table.valueAt(place));
      span.addTime(table.timeAt(place));
    }
    conflicts.add(this.conflicts);
    return span;
  }

  private tellOne(place: number, tally: SeriesTally): void {
    const { table } = this;
    const timeMs = table.timeAt(place);
    const { isStale, a, b } = table.valueAt(place);
    const value = isStale ? { samples: 0, staleMarkers: 1, a: 0, b: 0 } : { samples: 1, staleMarkers: 0, a, b };
    const sums: SeriesSums = { ...value, firstMs: timeMs, lastMs: timeMs };
    const startMs = tally.grid.startOf(timeMs);
    tally.addSeries(startMs, this.jobs[table.jobAt(place)] ?? '', table.seedAt(place), sums);
    if (!table.has(place, inBlockFlag)) tally.addOutOfOrder(startMs, sums);
  }

  /** True where it is counted here: nobody has taken it away, and no other value at its time is counted. */
  private isLeft(place: number): boolean {
    const { table } = this;
    if (table.fateAt(place) !== 0) return false;
    if (table.isStaleAt(place)) return !this.hasRivals(place);
    const own = table.valueAt(place);
    for (const other of this.rivalsOf(place)) {
      const { a, b } = table.valueAt(other);
      if (a < own.a || (a === own.a && b < own.b)) return false;
    }
    return true;
  }

  private hasRivals(place: number): boolean {
    return this.rivalsOf(place).next().done !== true;
  }

  /** Other values of its series at its time. */
  private *rivalsOf(place: number): Generator<number, void> {
    const { table } = this;
    for (const other of table.placesAt(table.seedAt(place), table.timeAt(place))) {
      if (other !== place && !table.isStaleAt(other)) yield other;
    }
  }

  /** The windows of each series, once all samples are there. */
  private marked(): SeriesMarks {
    if (this.marks !== undefined) return this.marks;
    const { table } = this;
    const marks = new SeriesMarks();
    for (const place of table.places()) {
      if (!table.isStaleAt(place)) marks.add(table.seedAt(place), this.keyOf(place).window);
    }
    this.marks = marks;
    return marks;
  }

  /** Drops the later half, so that there is room again; the samples of one series in one window stay together. */
  private cut(): void {
    const { table } = this;
    const keys = [...table.somePlaces(mostLooked)].map((place) => this.keyOf(place)).sort(compareKeys);
    const [first] = keys;
    const middle = keys
      .slice(Math.floor(keys.length / 2))
      .find((key) => first !== undefined && compareKeys(key, first) > 0);
    // All of one series in one window: then it stays as large as it is.
    if (middle === undefined) return;
    this.end = middle;
    table.rebuild(table.size, (place) => compareKeys(this.keyOf(place), middle) < 0);
  }

  private keyOf(place: number): LateKey {
    const { table } = this;
    return { window: Math.floor(table.timeAt(place) / windowMs), seedA: table.seedAt(place).a };
  }

  private numberOfJob(job: string): number {
    const known = this.jobNumbers.get(job);
    if (known !== undefined) return known;
    this.jobNumbers.set(job, this.jobs.length);
    return this.jobs.push(job) - 1;
  }
}

/** So many places are looked at to find the middle. */
const mostLooked = 16_384;

function flagOf({ doubt, isInBlock = false }: LateSample): number {
  if (isInBlock) return inBlockFlag;
  return doubt === undefined ? 0 : doubtFlags[doubt];
}

function compareKeys(one: LateKey, other: LateKey): number {
  return one.window - other.window || one.seedA - other.seedA;
}
