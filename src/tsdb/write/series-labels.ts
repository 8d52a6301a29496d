import { LabelTable } from './label-table.ts';

/** In which order series stand in a block. */
export interface SeriesOrder {
  /** The place of each series. */
  readonly ranks: Uint32Array;
  /** The series at each place. */
  readonly series: Uint32Array;
}

/** The labels of many series: each string once, and four bytes for each label. */
export class SeriesLabels {
  private readonly table = new LabelTable();
  private pairs = new Uint32Array(8192);
  private starts = new Uint32Array(1024);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Series are numbered from 0 as they come. */
  add(labels: readonly Uint8Array[]): void {
    const pairs = this.table.pairsOf(labels);
    const from = this.starts[this.count] as number;
    while (from + pairs.length > this.pairs.length) this.pairs = enlarged(this.pairs);
    this.pairs.set(pairs, from);
    this.count += 1;
    if (this.count === this.starts.length) this.starts = enlarged(this.starts);
    this.starts[this.count] = from + pairs.length;
  }

  labelsOf(series: number): readonly Uint8Array[] {
    const { symbols, names, values } = this.table;
    const bytesOf = (numbers: readonly number[], pair: number): Uint8Array =>
      Buffer.from(symbols[numbers[pair] as number] as string, 'latin1');
    return [...this.pairsOf(series)].flatMap((pair) => [bytesOf(names, pair), bytesOf(values, pair)]);
  }

  /** By their labels, as an index lists them. */
  order(): SeriesOrder {
    const ofSymbol = this.table.ranks();
    const rankOf = (numbers: readonly number[], pair: number): number => ofSymbol[numbers[pair] as number] as number;
    const series = Uint32Array.from({ length: this.count }, (_, number) => number);
    series.sort((one, other) => {
      const [left, right] = [this.pairsOf(one), this.pairsOf(other)];
      for (let at = 0; at < left.length && at < right.length; at += 1) {
        const [mine, theirs] = [left[at] as number, right[at] as number];
        if (mine === theirs) continue;
        return (
          rankOf(this.table.names, mine) - rankOf(this.table.names, theirs) ||
          rankOf(this.table.values, mine) - rankOf(this.table.values, theirs)
        );
      }
      return left.length - right.length;
    });
    const ranks = new Uint32Array(this.count);
    series.forEach((number, rank) => (ranks[number] = rank));
    return { ranks, series };
  }

  private pairsOf(series: number): Uint32Array {
    return this.pairs.subarray(this.starts[series], this.starts[series + 1]);
  }
}

function enlarged(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
