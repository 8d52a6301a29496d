import type { HeadSeries } from '../head/head-series.ts';
import type { HeadSums } from '../inventory/head-tally.ts';
import { hashed, type SeriesSeed } from '../inventory/sample-digest.ts';
import type { SeriesSums, SeriesTally } from '../inventory/tally.ts';
import { SampleSlots } from './sample-slots.ts';
import type { SeriesTable } from './series-table.ts';

/** The state of a place: one more than the number of its row, and in the upper two bits what `after` had. */
const same = 1;
const changed = 2;

export interface SampleVerdict {
  missing: number;
  changed: number;
  added: number;
}

/**
 * The samples of a batch of series, one by one: what `before` puts in, `after` finds again, with its value or with another
 * one, or not at all. A batch holds as many as memory allows.
 */
export class SampleTable implements SeriesTally {
  /** Each time is a stretch of its own. */
  readonly grid = { startOf: (timeMs: number) => timeMs, endOf: (startMs: number) => startMs + 1 };
  side: 'before' | 'after' = 'before';
  private readonly table: SeriesTable;
  private readonly batch: number;
  private readonly verdicts = new Map<number, SampleVerdict>();
  private readonly rowNumbers: number[] = [];
  private readonly numberOfRow = new Map<number, number>();
  private readonly slots: SampleSlots;

  constructor(table: SeriesTable, batch: number, sampleCount: number) {
    this.table = table;
    this.batch = batch;
    this.slots = new SampleSlots(sampleCount);
  }

  addSeries(timeMs: number, _: string, seed: SeriesSeed, { samples, a, b }: SeriesSums): void {
    if (samples > 0) this.addSample(seed, timeMs, { a, b });
  }

  addOutOfOrder(): void {
    // They are told as any other.
  }

  headSums(series: HeadSeries): HeadSums {
    return {
      add: (index, timeMs) => this.addSample(series.seedAt(index), timeMs, { a: hashed.a, b: hashed.b }),
      addStaleMarker: () => undefined,
      end: () => undefined,
    };
  }

  /** By row of the table, once both sides are in. */
  judge(): ReadonlyMap<number, SampleVerdict> {
    this.slots.forEachState((word) => {
      const verdict = this.verdictOf(this.rowNumbers[(word & 0x3fffffff) - 1] as number);
      const state = word >>> 30;
      if (state === 0) verdict.missing += 1;
      else if (state === changed) verdict.changed += 1;
    });
    return this.verdicts;
  }

  private addSample(seed: SeriesSeed, timeMs: number, value: SeriesSeed): void {
    const row = this.table.findInBatch(seed, this.table.grid.startOf(timeMs), this.batch);
    if (row === undefined) return;
    const place = this.slots.find(seed, timeMs);
    const word = this.slots.stateAt(place);
    if (this.side === 'after') {
      if (word === 0) this.verdictOf(row).added += 1;
      // Where several hold it, one that holds the same value is enough.
      else if (word >>> 30 !== same) {
        const found = this.slots.hasValue(place, value) ? same : changed;
        this.slots.setState(place, (word & 0x3fffffff) | (found << 30));
      }
    } else if (word === 0) this.slots.put(place, value, this.numberOf(row) + 1);
  }

  private numberOf(row: number): number {
    const known = this.numberOfRow.get(row);
    if (known !== undefined) return known;
    this.numberOfRow.set(row, this.rowNumbers.length);
    return this.rowNumbers.push(row) - 1;
  }

  private verdictOf(row: number): SampleVerdict {
    let verdict = this.verdicts.get(row);
    if (verdict === undefined) {
      verdict = { missing: 0, changed: 0, added: 0 };
      this.verdicts.set(row, verdict);
    }
    return verdict;
  }
}
