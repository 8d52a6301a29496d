import type { SeriesSeed } from './sample-digest.ts';

/** Numbers series by their seeds, from 0 in the order in which they come: twelve bytes each in open addressing. */
export class SeedIndex {
  private words = new Uint32Array(2 * 1024);
  private numbers = new Uint32Array(1024);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Its number: `size` of before where it is new. */
  add(seed: SeriesSeed): number {
    if (2 * (this.count + 1) > this.numbers.length) this.grow();
    // Two zeros stand for an empty place; a seed that is two zeros is taken for another one.
    const place = findPlace(this.words, seed.a, seed.a === 0 && seed.b === 0 ? 1 : seed.b);
    if (this.words[2 * place] !== 0 || this.words[2 * place + 1] !== 0) return this.numbers[place] as number;
    this.words[2 * place] = seed.a;
    this.words[2 * place + 1] = seed.a === 0 && seed.b === 0 ? 1 : seed.b;
    this.numbers[place] = this.count;
    this.count += 1;
    return this.count - 1;
  }

  /** Its number, where it is there. */
  find(seed: SeriesSeed): number | undefined {
    const place = findPlace(this.words, seed.a, seed.a === 0 && seed.b === 0 ? 1 : seed.b);
    return this.words[2 * place] === 0 && this.words[2 * place + 1] === 0 ? undefined : this.numbers[place];
  }

  private grow(): void {
    const words = new Uint32Array(2 * this.words.length);
    const numbers = new Uint32Array(2 * this.numbers.length);
    for (let at = 0; at < this.numbers.length; at += 1) {
      const a = this.words[2 * at] as number;
      const b = this.words[2 * at + 1] as number;
      if (a === 0 && b === 0) continue;
      const place = findPlace(words, a, b);
      words[2 * place] = a;
      words[2 * place + 1] = b;
      numbers[place] = this.numbers[at] as number;
    }
    this.words = words;
    this.numbers = numbers;
  }
}

/** Of two words each, both of them 0 where nothing is. Where it stands, or the empty place where it would. */
export function findPlace(words: Uint32Array, a: number, b: number): number {
  const mask = words.length / 2 - 1;
  let place = a & mask;
  for (;;) {
    const foundA = words[2 * place] as number;
    const foundB = words[2 * place + 1] as number;
    if ((foundA === a && foundB === b) || (foundA === 0 && foundB === 0)) return place;
    place = (place + 1) & mask;
  }
}
