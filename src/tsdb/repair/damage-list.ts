/** So many damages of one object are named; the others are counted. */
const mostNamed = 5;

/** Damages of one object in words. */
export class DamageList {
  readonly named: string[] = [];
  count = 0;

  add(words: string): void {
    this.count += 1;
    if (this.named.length < mostNamed) this.named.push(words);
  }
}
