/** Numbers of series by their references: twelve bytes each in open addressing, where a Map would take some fifty. */
export class ReferenceIndex {
  private references = new Float64Array(1024).fill(empty);
  private numbers = new Uint32Array(1024);
  private count = 0;

  get(reference: number): number | undefined {
    const place = findPlace(this.references, reference);
    return this.references[place] === empty ? undefined : this.numbers[place];
  }

  set(reference: number, number: number): void {
    if (3 * (this.count + 1) > 2 * this.references.length) this.grow();
    const place = findPlace(this.references, reference);
    if (this.references[place] === empty) this.count += 1;
    this.references[place] = reference;
    this.numbers[place] = number;
  }

  clear(): void {
    this.references.fill(empty);
    this.count = 0;
  }

  private grow(): void {
    const references = new Float64Array(2 * this.references.length).fill(empty);
    const numbers = new Uint32Array(references.length);
    for (const [at, reference] of this.references.entries()) {
      if (reference === empty) continue;
      const place = findPlace(references, reference);
      references[place] = reference;
      numbers[place] = this.numbers[at] as number;
    }
    this.references = references;
    this.numbers = numbers;
  }
}

/** No reference is it: they are whole numbers. */
const empty = -0.5;

/** Where it stands, or the empty place where it would. Nearly all references are small and follow one another. */
function findPlace(references: Float64Array, reference: number): number {
  const mask = references.length - 1;
  const low = reference | 0;
  const high = Math.floor(reference / 2 ** 32) | 0;
  for (let at = (low ^ Math.imul(high, 0x9e3779b1)) & mask; ; at = (at + 1) & mask) {
    const found = references[at];
    if (found === reference || found === empty) return at;
  }
}
