import type { SeriesSeed } from './sample-digest.ts';

/** What of it threads share. */
export type SharedConflicts = Int32Array;

/**
 * Where one series has different values at one time, one of them is counted, since Prometheus returns one: here is how many
 * others there are, and the sum of the hashes of all of them, which does not depend on who came first or on what lies where.
 */
export class ConflictSums {
  private readonly words: Int32Array;

  constructor(words: SharedConflicts = new Int32Array(new SharedArrayBuffer(12))) {
    this.words = words;
  }

  share(): SharedConflicts {
    return this.words;
  }

  get samples(): number {
    return this.at(0);
  }

  get digest(): string {
    return [this.at(1), this.at(2)].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  /** A value that is not counted. */
  addOther(hash: SeriesSeed): void {
    Atomics.add(this.words, 0, 1);
    this.addCounted(hash);
  }

  /** The one that is counted in its place. */
  addCounted({ a, b }: SeriesSeed): void {
    Atomics.add(this.words, 1, a | 0);
    Atomics.add(this.words, 2, b | 0);
  }

  add(other: ConflictSums): void {
    for (let word = 0; word < this.words.length; word += 1) Atomics.add(this.words, word, other.words[word] as number);
  }

  private at(word: number): number {
    return (this.words[word] as number) >>> 0;
  }
}
