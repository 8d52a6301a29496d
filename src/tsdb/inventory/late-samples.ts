import type { Doubt } from '../head/head-reader.ts';
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
  readonly a: number;
  readonly b: number;
}

/** Samples that Prometheus may not answer. */
export interface Doubtful {
  readonly doubt: Doubt;
  readonly samples: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A place among the samples: ordered by window, then by the first word of the seed. */
export interface LateKey {
  /** Number of the window since the epoch. */
  readonly window: number;
  readonly seedA: number;
}

/** What threads share of them. */
export interface SharedLate {
  readonly words: Int32Array;
  readonly taken: Uint8Array;
  readonly filter: Uint8Array;
  readonly jobs: readonly string[];
  readonly marks: SharedMarks;
}

/** Words of a place. */
const seedA = 0;
const seedB = 1;
const timeLow = 2;
const timeHigh = 3;
const hashA = 4;
const hashB = 5;
/** The flags, and above them the number of the job. */
const info = 6;
const filledFlag = 1;
const staleFlag = 2;
const doubtFlags: Readonly<Record<Doubt, number>> = { 'old-reference': 4, marked: 8, hidden: 16 };
const flagBits = 5;
const width = 7;

const filterBits = 1 << 20;
const fewestPlaces = 1024;
/** Some 60 MB, and half as much again for their series. */
export const mostLateSamples = 1_200_000;

/**
 * Samples that came out of order and are not in a block yet. They may be anywhere in time, and twice: as a head chunk and
 * in the WBL, or in a block and still in the WBL. They are kept until everything else is known, and then what is left of
 * them is counted.
 *
 * Where there are more than fit into memory, only the first of them are kept, by window and series; `next` says where the
 * rest begins, for another pass (walk-tsdb.ts). The table lies in memory that threads may share: each takes away what it
 * finds elsewhere.
 */
export class LateSamples {
  private words: Int32Array;
  private taken: Uint8Array;
  private readonly filter: Uint8Array;
  private readonly jobs: string[];
  private readonly jobNumbers = new Map<string, number>();
  private readonly from: LateKey | null;
  private readonly most: number;
  private used = 0;
  private end: LateKey | null = null;
  private marks: SeriesMarks | undefined;

  constructor({ from = null, most = mostLateSamples }: { from?: LateKey | null; most?: number } = {}) {
    this.from = from;
    this.most = most;
    this.words = new Int32Array(new SharedArrayBuffer(4 * width * fewestPlaces));
    this.taken = new Uint8Array(new SharedArrayBuffer(fewestPlaces));
    this.filter = new Uint8Array(new SharedArrayBuffer(filterBits / 8));
    this.jobs = [];
  }

  /** The same samples in another thread: there is nothing to be added any more. */
  static of({ words, taken, filter, jobs, marks }: SharedLate): LateSamples {
    const late = new LateSamples();
    late.used = words.length;
    late.words = words;
    late.taken = taken;
    late.filter.set(filter);
    late.jobs.push(...jobs);
    late.marks = SeriesMarks.of(marks);
    return late;
  }

  /** Called once all are added. */
  share(): SharedLate {
    return { ...this.parts(), marks: this.marked().share() };
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  /** Where those begin that are not kept here; null where all are. */
  get next(): LateKey | null {
    return this.end;
  }

  /** Samples that nobody has taken away, stale markers not counted. */
  get count(): number {
    let count = 0;
    for (const place of this.places()) if (!this.isStaleAt(place) && this.taken[place / width] === 0) count += 1;
    return count;
  }

  /** Of what nobody has taken away, what Prometheus may not answer and for which reason, stale markers not counted. */
  listDoubtful(): readonly Doubtful[] {
    return (['old-reference', 'marked', 'hidden'] as const).flatMap((doubt) => this.findDoubtful(doubt) ?? []);
  }

  private findDoubtful(doubt: Doubt): Doubtful | undefined {
    let [samples, fromMs, toMs] = [0, Infinity, -Infinity];
    for (const place of this.places()) {
      const isCounted = !this.isStaleAt(place) && this.taken[place / width] === 0;
      if (!isCounted || ((this.words[place + info] as number) & doubtFlags[doubt]) === 0) continue;
      const timeMs = timeOf(this.words, place);
      samples += 1;
      fromMs = Math.min(fromMs, timeMs);
      toMs = Math.max(toMs, timeMs);
    }
    return samples === 0 ? undefined : { doubt, samples, fromMs, toMs };
  }

  /** Of those at the same time, the first one stays. */
  add({ seed, job }: SeriesIdentity, { timeMs, isStale, doubt, a, b }: LateSample): void {
    const key = { window: Math.floor(timeMs / windowMs), seedA: seed.a };
    if (this.from !== null && compareKeys(key, this.from) < 0) return;
    if (this.end !== null && compareKeys(key, this.end) >= 0) return;
    const place = this.placeOf(seed, timeMs);
    if (this.words[place + info] !== 0) {
      // What a marker drops may come once more behind it.
      if (doubt !== 'marked') this.unmark(place, doubt);
      return;
    }
    this.words[place + seedA] = seed.a;
    this.words[place + seedB] = seed.b;
    this.words[place + timeLow] = timeMs | 0;
    this.words[place + timeHigh] = Math.floor(timeMs / 2 ** 32) | 0;
    this.words[place + hashA] = a;
    this.words[place + hashB] = b;
    const flags = filledFlag | (isStale ? staleFlag : 0) | flagOf(doubt);
    this.words[place + info] = (this.numberOfJob(job) << flagBits) | flags;
    this.used += 1;
    const bit = seed.a & (filterBits - 1);
    this.filter[bit >>> 3] = (this.filter[bit >>> 3] as number) | (1 << (bit & 7));
    if (this.used > this.most) this.cut();
    if (3 * this.used > 2 * this.taken.length) this.rebuild(2 * this.taken.length, () => true);
  }

  private unmark(place: number, doubt: Doubt | undefined): void {
    const flags = this.words[place + info] as number;
    if ((flags & doubtFlags.marked) === 0) return;
    this.words[place + info] = (flags & ~doubtFlags.marked) | flagOf(doubt);
  }

  /** False where a series has none for certain. */
  mayHave({ a }: SeriesSeed): boolean {
    if (this.used === 0) return false;
    const bit = a & (filterBits - 1);
    return ((this.filter[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }

  /** Whoever counts a sample elsewhere takes it away. */
  take(seed: SeriesSeed, timeMs: number): void {
    if (this.used === 0) return;
    const place = this.placeOf(seed, timeMs);
    if (this.words[place + info] !== 0) this.taken[place / width] = 1;
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
    for (const place of this.places()) windows.add(keyOf(this.words, place).window);
    return [...windows].map((window) => ({ fromMs: window * windowMs, toMs: (window + 1) * windowMs }));
  }

  /** Counts what nobody has taken away. */
  tellTo(tally: SeriesTally): void {
    for (const place of this.places()) if (this.taken[place / width] === 0) this.tellOne(place, tally);
  }

  private tellOne(place: number, tally: SeriesTally): void {
    const timeMs = timeOf(this.words, place);
    const isStale = this.isStaleAt(place);
    const sums: SeriesSums = {
      samples: isStale ? 0 : 1,
      staleMarkers: isStale ? 1 : 0,
      a: isStale ? 0 : (this.words[place + hashA] as number) >>> 0,
      b: isStale ? 0 : (this.words[place + hashB] as number) >>> 0,
      firstMs: timeMs,
      lastMs: timeMs,
    };
    const startMs = tally.grid.startOf(timeMs);
    const job = this.jobs[(this.words[place + info] as number) >>> flagBits] ?? '';
    tally.addSeries(startMs, job, this.seedAt(place), sums);
    tally.addOutOfOrder(startMs, sums);
  }

  /** The windows of each series, once all samples are there. */
  private marked(): SeriesMarks {
    if (this.marks !== undefined) return this.marks;
    const marks = new SeriesMarks();
    for (const place of this.places()) {
      if (!this.isStaleAt(place)) marks.add(this.seedAt(place), keyOf(this.words, place).window);
    }
    this.marks = marks;
    return marks;
  }

  /** Drops the later half, so that there is room again; the samples of one series in one window stay together. */
  private cut(): void {
    const keys: LateKey[] = [];
    const step = width * Math.max(1, Math.floor(this.taken.length / mostLooked));
    for (let place = 0; place < this.words.length; place += step) {
      if (this.words[place + info] !== 0) keys.push(keyOf(this.words, place));
    }
    keys.sort(compareKeys);
    const [first] = keys;
    const middle = keys
      .slice(Math.floor(keys.length / 2))
      .find((key) => first !== undefined && compareKeys(key, first) > 0);
    // All of one series in one window: then it stays as large as it is.
    if (middle === undefined) return;
    this.end = middle;
    this.rebuild(this.taken.length, (words, place) => compareKeys(keyOf(words, place), middle) < 0);
  }

  private rebuild(places: number, isKept: (words: Int32Array, place: number) => boolean): void {
    const before = this.words;
    this.words = new Int32Array(new SharedArrayBuffer(4 * width * places));
    this.taken = new Uint8Array(new SharedArrayBuffer(places));
    this.used = 0;
    for (let place = 0; place < before.length; place += width) {
      if (before[place + info] === 0 || !isKept(before, place)) continue;
      const seed = { a: before[place + seedA] as number, b: before[place + seedB] as number };
      this.words.set(before.subarray(place, place + width), this.placeOf(seed, timeOf(before, place)));
      this.used += 1;
    }
  }

  private parts() {
    return { words: this.words, taken: this.taken, filter: this.filter, jobs: this.jobs };
  }

  private *places(): Generator<number, void> {
    const { words } = this;
    for (let place = 0; place < words.length; place += width) if (words[place + info] !== 0) yield place;
  }

  private seedAt(place: number): SeriesSeed {
    return { a: (this.words[place + seedA] as number) >>> 0, b: (this.words[place + seedB] as number) >>> 0 };
  }

  private isStaleAt(place: number): boolean {
    return ((this.words[place + info] as number) & staleFlag) !== 0;
  }

  private numberOfJob(job: string): number {
    const known = this.jobNumbers.get(job);
    if (known !== undefined) return known;
    this.jobNumbers.set(job, this.jobs.length);
    return this.jobs.push(job) - 1;
  }

  /** Where it stands, or the empty place where it would. */
  private placeOf(seed: SeriesSeed, timeMs: number): number {
    const { words } = this;
    const [a, b, low, high] = [seed.a | 0, seed.b | 0, timeMs | 0, Math.floor(timeMs / 2 ** 32) | 0];
    const mask = words.length / width - 1;
    let at = Math.imul(a ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
    for (at = (at ^ (at >>> 15)) & mask; ; at = (at + 1) & mask) {
      const place = at * width;
      if (words[place + info] === 0) return place;
      if (words[place + seedA] !== a || words[place + timeLow] !== low) continue;
      if (words[place + seedB] === b && words[place + timeHigh] === high) return place;
    }
  }
}

/** So many places are looked at to find the middle. */
const mostLooked = 16_384;

function flagOf(doubt: Doubt | undefined): number {
  return doubt === undefined ? 0 : doubtFlags[doubt];
}

function keyOf(words: Int32Array, place: number): LateKey {
  return { window: Math.floor(timeOf(words, place) / windowMs), seedA: (words[place + seedA] as number) >>> 0 };
}

function timeOf(words: Int32Array, place: number): number {
  return (words[place + timeHigh] as number) * 2 ** 32 + ((words[place + timeLow] as number) >>> 0);
}

function compareKeys(one: LateKey, other: LateKey): number {
  return one.window - other.window || one.seedA - other.seedA;
}
