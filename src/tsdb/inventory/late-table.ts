import type { SeriesSeed } from './sample-digest.ts';

/** What of it threads share. */
export interface SharedTable {
  readonly words: Int32Array;
  readonly fates: Uint8Array;
}

/** What a place says: a stale marker has no value. */
export interface LateValue extends SeriesSeed {
  readonly isStale: boolean;
}

/** Words of a place. */
const seedA = 0;
const seedB = 1;
const timeLow = 2;
const timeHigh = 3;
const hashA = 4;
const hashB = 5;
/** Flags, and above them the number of the job. */
const info = 6;
const width = 7;

const filledFlag = 1;
const staleFlag = 2;
/** The first that whoever uses the table may set. */
export const firstFlag = 4;
const flagBits = 6;

const fewestPlaces = 1024;

/**
 * A table of samples by series, time and value, in memory that threads may share. A place is a number, good until the table
 * is built anew. Nothing is ever taken out of it; what has become of a sample is in its fate, as bits.
 */
export class LateTable {
  used = 0;
  private words: Int32Array;
  private fates: Uint8Array;

  constructor(places = fewestPlaces) {
    this.words = new Int32Array(new SharedArrayBuffer(4 * width * places));
    this.fates = new Uint8Array(new SharedArrayBuffer(places));
  }

  /** The same in another thread: nothing is to be added any more. */
  static of({ words, fates }: SharedTable): LateTable {
    const table = new LateTable();
    table.words = words;
    table.fates = fates;
    table.used = words.length;
    return table;
  }

  share(): SharedTable {
    return { words: this.words, fates: this.fates };
  }

  get size(): number {
    return this.fates.length;
  }

  *places(): Generator<number, void> {
    for (let place = 0; place < this.words.length; place += width) if (this.isFilled(place)) yield place;
  }

  /** Some of them, no more than about so many, from all over the table. */
  *somePlaces(most: number): Generator<number, void> {
    const step = width * Math.max(1, Math.floor(this.size / most));
    for (let place = 0; place < this.words.length; place += step) if (this.isFilled(place)) yield place;
  }

  /** All of a series at a time. */
  *placesAt(seed: SeriesSeed, timeMs: number): Generator<number, void> {
    if (this.used === 0) return;
    for (let place = this.firstPlaceOf(seed, timeMs); this.isFilled(place); place = this.nextPlace(place)) {
      if (this.isOf(place, seed, timeMs)) yield place;
    }
  }

  /** Where it stands, or the empty place where it would. */
  placeOf(seed: SeriesSeed, timeMs: number, value: LateValue): number {
    for (let place = this.firstPlaceOf(seed, timeMs); ; place = this.nextPlace(place)) {
      if (!this.isFilled(place)) return place;
      if (!this.isOf(place, seed, timeMs) || this.isStaleAt(place) !== value.isStale) continue;
      if (value.isStale || this.hasValue(place, value)) return place;
    }
  }

  isFilled(place: number): boolean {
    return this.words[place + info] !== 0;
  }

  /** Fills an empty place that `placeOf` has found. */
  fill(
    place: number,
    { a: ofA, b: ofB }: SeriesSeed,
    timeMs: number,
    value: LateValue & { readonly job: number },
  ): void {
    const { words } = this;
    words[place + seedA] = ofA;
    words[place + seedB] = ofB;
    words[place + timeLow] = timeMs | 0;
    words[place + timeHigh] = Math.floor(timeMs / 2 ** 32) | 0;
    words[place + hashA] = value.a;
    words[place + hashB] = value.b;
    words[place + info] = (value.job << flagBits) | filledFlag | (value.isStale ? staleFlag : 0);
    this.used += 1;
  }

  /** Moves what is wanted of it into a table of so many places; fates are forgotten. */
  rebuild(places: number, isKept: (place: number) => boolean): void {
    const larger = new LateTable(places);
    for (const place of this.places()) {
      if (!isKept(place)) continue;
      const to = larger.placeOf(this.seedAt(place), this.timeAt(place), this.valueAt(place));
      larger.words.set(this.words.subarray(place, place + width), to);
      larger.used += 1;
    }
    this.words = larger.words;
    this.fates = larger.fates;
    this.used = larger.used;
  }

  seedAt(place: number): SeriesSeed {
    return { a: (this.words[place + seedA] as number) >>> 0, b: (this.words[place + seedB] as number) >>> 0 };
  }

  timeAt(place: number): number {
    return (this.words[place + timeHigh] as number) * 2 ** 32 + ((this.words[place + timeLow] as number) >>> 0);
  }

  valueAt(place: number): LateValue {
    const [a, b] = [this.words[place + hashA] as number, this.words[place + hashB] as number];
    return { isStale: this.isStaleAt(place), a: a >>> 0, b: b >>> 0 };
  }

  hasValue(place: number, { a, b }: SeriesSeed): boolean {
    return this.words[place + hashA] === (a | 0) && this.words[place + hashB] === (b | 0);
  }

  jobAt(place: number): number {
    return (this.words[place + info] as number) >>> flagBits;
  }

  isStaleAt(place: number): boolean {
    return this.has(place, staleFlag);
  }

  has(place: number, flag: number): boolean {
    return ((this.words[place + info] as number) & flag) !== 0;
  }

  setFlags(place: number, flags: number): void {
    this.words[place + info] = (this.words[place + info] as number) | flags;
  }

  clearFlags(place: number, flags: number): void {
    this.words[place + info] = (this.words[place + info] as number) & ~flags;
  }

  fateAt(place: number): number {
    return this.fates[place / width] as number;
  }

  /** By whichever thread. */
  addFate(place: number, bits: number): void {
    Atomics.or(this.fates, place / width, bits);
  }

  private isOf(place: number, { a, b }: SeriesSeed, timeMs: number): boolean {
    const { words } = this;
    if (words[place + seedA] !== (a | 0) || words[place + timeLow] !== (timeMs | 0)) return false;
    return words[place + seedB] === (b | 0) && words[place + timeHigh] === (Math.floor(timeMs / 2 ** 32) | 0);
  }

  private firstPlaceOf({ a }: SeriesSeed, timeMs: number): number {
    const at = Math.imul((a | 0) ^ Math.imul(timeMs | 0, 0x9e3779b1), 0x85ebca6b);
    return ((at ^ (at >>> 15)) & (this.size - 1)) * width;
  }

  private nextPlace(place: number): number {
    return place + width === this.words.length ? 0 : place + width;
  }
}
