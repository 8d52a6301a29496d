import { Damage } from '../damage.ts';

/**
 * The strings and the label pairs of a block while it is written, each once, numbered as they come. Strings are kept as
 * one character for each byte: so they compare as bytes do, whatever they hold.
 */
export class LabelTable {
  private readonly symbolNumbers = new Map<string, number>([['', 0]]);
  private readonly pairNumbers = new Map<number, number>();
  /** The empty one is that of the postings of all series; Prometheus writes it always. */
  readonly symbols: string[] = [''];
  /** Name and value of each pair, as numbers of symbols. */
  readonly names: number[] = [];
  readonly values: number[] = [];

  /** The number of each pair of a series. */
  pairsOf(labels: readonly Uint8Array[]): readonly number[] {
    const pairs: number[] = [];
    for (let index = 0; index + 1 < labels.length; index += 2) {
      const name = this.symbol(labels[index] as Uint8Array);
      pairs.push(this.pair(name, this.symbol(labels[index + 1] as Uint8Array)));
    }
    return pairs;
  }

  /** For each symbol its place in the order of their bytes. */
  ranks(): Uint32Array {
    const order = this.symbols.map((_, number) => number).sort((one, other) => this.compare(one, other));
    const ranks = new Uint32Array(order.length);
    order.forEach((number, rank) => (ranks[number] = rank));
    return ranks;
  }

  private compare(one: number, other: number): number {
    return (this.symbols[one] as string) < (this.symbols[other] as string) ? -1 : 1;
  }

  private symbol(bytes: Uint8Array): number {
    const text = latin1Of(bytes);
    const known = this.symbolNumbers.get(text);
    if (known !== undefined) return known;
    const number = this.symbols.length;
    this.symbols.push(text);
    this.symbolNumbers.set(text, number);
    return number;
  }

  private pair(name: number, value: number): number {
    if (name >= mostNames) throw new Damage('out-of-range', 'a block has too many label names', 0);
    const key = value * mostNames + name;
    const known = this.pairNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.names.length;
    this.names.push(name);
    this.values.push(value);
    this.pairNumbers.set(key, number);
    return number;
  }
}

/** A name and a value fit into one number together. */
const mostNames = 2 ** 24;

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
