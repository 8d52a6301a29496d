import type { SeriesSeed } from './sample-digest.ts';
import { findPlace } from './seed-index.ts';

/** Series by their seeds, each once: twelve to twenty-four bytes each in open addressing. */
export class SeedSet {
  private words = new Uint32Array(2 * 1024);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** True where it was not there yet. */
  add(seed: SeriesSeed): boolean {
    if (3 * (this.count + 1) > this.words.length) this.grow();
    // Two zeros stand for an empty place; a seed that is two zeros is taken for another one.
    const b = seed.a === 0 && seed.b === 0 ? 1 : seed.b;
    const place = findPlace(this.words, seed.a, b);
    if (this.words[2 * place] !== 0 || this.words[2 * place + 1] !== 0) return false;
    this.words[2 * place] = seed.a;
    this.words[2 * place + 1] = b;
    this.count += 1;
    return true;
  }

  /** All of them, two words each, in no order. */
  listSeeds(): Uint32Array<ArrayBuffer> {
    const seeds = new Uint32Array(2 * this.count);
    let filled = 0;
    for (let at = 0; at < this.words.length; at += 2) {
      const a = this.words[at] as number;
      const b = this.words[at + 1] as number;
      if (a === 0 && b === 0) continue;
      seeds[filled] = a;
      seeds[filled + 1] = b;
      filled += 2;
    }
    return seeds;
  }

  private grow(): void {
    const words = new Uint32Array(2 * this.words.length);
    for (let at = 0; at < this.words.length; at += 2) {
      const a = this.words[at] as number;
      const b = this.words[at + 1] as number;
      if (a === 0 && b === 0) continue;
      const place = findPlace(words, a, b);
      words[2 * place] = a;
      words[2 * place + 1] = b;
    }
    this.words = words;
  }
}
