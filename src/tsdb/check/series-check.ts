import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { CheckReport } from './check-report.ts';
import type { ChunkWalk } from './chunk-walk.ts';
import { pairOf, type PairSums } from './pair-sums.ts';
import { allSeries } from './postings-mismatch.ts';
import type { RawSeries, SeriesEvents } from './series-section.ts';
import type { CheckedSymbols } from './symbol-table.ts';

export interface SeriesCheckOptions {
  readonly report: CheckReport;
  /** The index. */
  readonly window: FileWindow;
  /** Undefined where the symbol table is damaged: then labels are left alone. */
  readonly symbols: CheckedSymbols | undefined;
  readonly chunks: ChunkWalk;
  /** Gets every label pair of every series. */
  readonly sums: PairSums;
}

/** What the entries of an index say. */
export interface SeriesTotals {
  readonly series: number;
  /** Their numbers, in order: those that postings and tombstones may name. */
  readonly references: readonly number[];
  /** First and last sample; null where there is no chunk. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** False where an entry is damaged. */
  readonly isWhole: boolean;
}

/** Judges one series after another: order of labels, of series and of chunks, and the chunks themselves. */
export class SeriesCheck {
  private readonly options: SeriesCheckOptions;
  private readonly references: number[] = [];
  private before: number[] = [];
  private firstMs = Infinity;
  private lastMs = -Infinity;
  private isWhole = true;
  /** By the symbol of a value: that of a name and one, and the pair of both. */
  private readonly names: Uint32Array;
  private readonly pairs: Int32Array;

  constructor(options: SeriesCheckOptions) {
    this.options = options;
    const count = options.symbols?.count ?? 0;
    this.names = new Uint32Array(count);
    this.pairs = new Int32Array(count);
  }

  readonly events: SeriesEvents = {
    onSeries: (series) => {
      try {
        this.checkLabels(series);
        this.checkOrder(series);
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        this.tell(series, error);
      }
      this.references.push(series.reference);
      this.readChunks(series);
    },
    onDamage: (damage, { offset, end }) => {
      const { window, report, chunks } = this.options;
      this.isWhole = false;
      chunks.expectOthers();
      report.damage({ file: window.path, offset }, damage, { window, to: end });
    },
  };

  totals(): SeriesTotals {
    const { references, firstMs, lastMs, isWhole } = this;
    const hasChunks = firstMs !== Infinity;
    return {
      series: references.length,
      references,
      firstMs: hasChunks ? firstMs : null,
      lastMs: hasChunks ? lastMs : null,
      isWhole,
    };
  }

  private checkLabels({ labels, reference, offset }: RawSeries): void {
    const { symbols, sums } = this.options;
    if (symbols === undefined) return;
    sums.add(allSeries, reference);
    let name = -1;
    for (let index = 0; index < labels.length; index += 2) {
      const next = labels[index] as number;
      if (next <= name) throw new Damage('bad-structure', 'the labels of a series are not sorted', offset);
      name = next;
      sums.add(this.pairOf(symbols, name, labels[index + 1] as number), reference);
    }
  }

  /** Most values belong to one name: what was worked out for it last is kept by the value. */
  private pairOf(symbols: CheckedSymbols, name: number, value: number): number {
    const { names, pairs } = this;
    if (names[value] === name + 1) return pairs[value] as number;
    const pair = pairOf(symbols.hashOf(name), symbols.hashOf(value));
    // Out of the array where the symbols are numbered otherwise, and then nothing is kept.
    names[value] = name + 1;
    pairs[value] = pair;
    return pair;
  }

  /** Symbols are sorted, and so labels are in the order of their symbols. */
  private checkOrder({ labels, offset }: RawSeries): void {
    const { before } = this;
    if (this.references.length > 0 && compare(before, labels) >= 0) {
      throw new Damage('bad-structure', 'a series is not sorted behind the one before it', offset);
    }
    before.length = 0;
    for (const label of labels) before.push(label);
  }

  private readChunks(series: RawSeries): void {
    const { chunks } = series;
    const labels = () => this.labelsOf(series);
    let end = -Infinity;
    for (let index = 0; index < chunks.length; index += 3) {
      const [fromMs, toMs] = [chunks[index] as number, chunks[index + 1] as number];
      const reference = chunks[index + 2] as number;
      if (fromMs <= end) {
        this.tell(series, new Damage('bad-structure', 'two chunks of a series overlap in time', series.offset));
      }
      end = toMs;
      if (fromMs < this.firstMs) this.firstMs = fromMs;
      if (toMs > this.lastMs) this.lastMs = toMs;
      // The number in the reference counts from 0, the file's name from 1 (chunks.go BlockChunkRef).
      const segment = Math.floor(reference / 2 ** 32) + 1;
      this.options.chunks.take({ segment, offset: reference % 2 ** 32, fromMs, toMs, series: labels });
    }
  }

  private labelsOf({ labels }: RawSeries): readonly Uint8Array[] | null {
    const { symbols } = this.options;
    if (symbols === undefined) return null;
    try {
      return labels.map((reference) => symbols.get(reference));
    } catch (error) {
      if (error instanceof Damage) return null;
      throw error;
    }
  }

  private tell(series: RawSeries, damage: Damage): void {
    const { report, window } = this.options;
    this.isWhole = false;
    const { offset } = series;
    report.damage({ file: window.path, offset, series: this.labelsOf(series) }, damage);
  }
}

function compare(one: readonly number[], other: readonly number[]): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (one[index] as number) - (other[index] as number);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
