import { hashed, hashFloat, type SeriesSeed } from '../inventory/sample-digest.ts';

/** Words of a place: two of series and time, two of the whole sample, and its state; state zero is an empty place. */
const keyA = 0;
const keyB = 1;
const valueA = 2;
const valueB = 3;
const state = 4;
const width = 5;

/**
 * A table of samples by series and time, each with the hash of its value and 32 bits of state, which never are zero:
 * 20 bytes a place and two places a sample.
 */
export class SampleSlots {
  private words: Uint32Array;
  private used = 0;

  /** For so many samples; it grows where more come, as on a volume that is written to meanwhile. */
  constructor(samples: number) {
    let places = 1024;
    while (places < 2 * samples) places *= 2;
    this.words = new Uint32Array(places * width);
  }

  /** The place of a sample, which is empty where it is not there yet. It holds until the next `put`. */
  find(seed: SeriesSeed, timeMs: number): number {
    hashFloat(seed, timeMs, 0, 0);
    return placeOf(this.words, hashed.a, hashed.b);
  }

  stateAt(place: number): number {
    return this.words[place + state] as number;
  }

  setState(place: number, value: number): void {
    this.words[place + state] = value;
  }

  hasValue(place: number, { a, b }: SeriesSeed): boolean {
    return this.words[place + valueA] === a && this.words[place + valueB] === b;
  }

  /** Into the empty place that `find` has just told. */
  put(place: number, value: SeriesSeed, newState: number): void {
    this.words[place + keyA] = hashed.a;
    this.words[place + keyB] = hashed.b;
    this.words[place + valueA] = value.a;
    this.words[place + valueB] = value.b;
    this.words[place + state] = newState;
    this.used += 1;
    if (2 * this.used > this.words.length / width) this.grow();
  }

  forEachState(action: (value: number) => void): void {
    for (let at = state; at < this.words.length; at += width) {
      const value = this.words[at] as number;
      if (value !== 0) action(value);
    }
  }

  private grow(): void {
    const larger = new Uint32Array(2 * this.words.length);
    for (let at = 0; at < this.words.length; at += width) {
      if (this.words[at + state] === 0) continue;
      const place = placeOf(larger, this.words[at + keyA] as number, this.words[at + keyB] as number);
      larger.set(this.words.subarray(at, at + width), place);
    }
    this.words = larger;
  }
}

function placeOf(words: Uint32Array, a: number, b: number): number {
  const mask = words.length / width - 1;
  let place = a & mask;
  for (;;) {
    const at = place * width;
    if (words[at + state] === 0 || (words[at + keyA] === a && words[at + keyB] === b)) return at;
    place = (place + 1) & mask;
  }
}
