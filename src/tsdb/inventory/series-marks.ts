import type { SeriesSeed } from './sample-digest.ts';

export interface SharedMarks {
  readonly words: Int32Array;
}

/** Words of a place. */
const seedA = 0;
const seedB = 1;
const window = 2;
/** 0 an empty place, 1 one that nobody has marked. */
const state = 3;
const width = 4;
const unmarked = 1;
const marked = 2;

/** A list of series in windows, each of which can be marked once, by whichever of several threads. */
export class SeriesMarks {
  private words: Int32Array;
  private used = 0;

  constructor() {
    this.words = new Int32Array(new SharedArrayBuffer(4 * width * 1024));
  }

  static of({ words }: SharedMarks): SeriesMarks {
    const marks = new SeriesMarks();
    marks.words = words;
    return marks;
  }

  share(): SharedMarks {
    return { words: this.words };
  }

  add(seed: SeriesSeed, windowNumber: number): void {
    const place = findPlace(this.words, seed, windowNumber);
    if (this.words[place + state] !== 0) return;
    this.words.set([seed.a, seed.b, windowNumber, unmarked], place);
    this.used += 1;
    if (3 * this.used > (2 * this.words.length) / width) this.grow();
  }

  /** Undefined for one that is not in the list; else whether it was not marked before. */
  mark(seed: SeriesSeed, windowNumber: number): boolean | undefined {
    const place = findPlace(this.words, seed, windowNumber);
    if (this.words[place + state] === 0) return undefined;
    return Atomics.exchange(this.words, place + state, marked) === unmarked;
  }

  private grow(): void {
    const larger = new Int32Array(new SharedArrayBuffer(2 * this.words.byteLength));
    for (let place = 0; place < this.words.length; place += width) {
      if (this.words[place + state] === 0) continue;
      const seed = { a: this.words[place + seedA] as number, b: this.words[place + seedB] as number };
      const found = findPlace(larger, seed, this.words[place + window] as number);
      larger.set(this.words.subarray(place, place + width), found);
    }
    this.words = larger;
  }
}

function findPlace(words: Int32Array, seed: SeriesSeed, windowNumber: number): number {
  const [a, b] = [seed.a | 0, seed.b | 0];
  const mask = words.length / width - 1;
  for (let at = (a ^ Math.imul(windowNumber, 0x9e3779b1)) & mask; ; at = (at + 1) & mask) {
    const place = at * width;
    if (words[place + state] === 0) return place;
    if (words[place + seedA] === a && words[place + seedB] === b && words[place + window] === windowNumber)
      return place;
  }
}
