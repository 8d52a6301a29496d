import { staleHigh, staleLow } from '../chunk/sample-sink.ts';
import type { HeadSeries } from '../head/head-series.ts';
import type { HeadSums } from '../inventory/head-tally.ts';
import { hashed, type SeriesSeed } from '../inventory/sample-digest.ts';
import type { SeriesSums, SeriesTally } from '../inventory/tally.ts';
import { windowStart } from '../inventory/window-grid.ts';
import { SampleSlots } from './sample-slots.ts';

/** Bits of the state; above them stands the number of the source that came first. */
const isThere = 1;
const isHit = 2;
const isOfWinner = 4;
const ownerShift = 3;

/** What is done with one sample, by its window, its series and where the value was that it was held against. */
export interface UnionEvents {
  onConflict(window: number, seed: SeriesSeed, owner: number): void;
  onKept(): void;
  onDropped(): void;
  onLost(window: number): void;
}

export interface UnionTableOptions {
  /** The numbers of the windows by their beginnings. */
  readonly windows: ReadonlyMap<number, number>;
  /** Which of the series are looked at, so that the table stays small. */
  readonly isWanted: (seed: SeriesSeed) => boolean;
  /** As many as there are at most. */
  readonly samples: number;
  /** True where a result comes first: then a source adds nothing of its own. */
  readonly hasResult: boolean;
  /** The source whose values count where they differ; its samples come before those of others. */
  readonly winner: number | null;
  readonly events: UnionEvents;
}

/**
 * The samples of several TSDBs, each series and time once. First what they are
 * held against is put in; what comes then is found there with its value, with another one, or not at all. Every stale
 * marker has the same value, and another one than any number.
 */
export class UnionTable implements SeriesTally {
  /** Each time is a stretch of its own. */
  readonly grid = { startOf: (timeMs: number) => timeMs, endOf: (startMs: number) => startMs + 1 };
  /** Whose samples come now: the number of a source, or the result that all are held against. */
  side: number | 'result' = 0;
  private readonly options: UnionTableOptions;
  private readonly slots: SampleSlots;

  constructor(options: UnionTableOptions) {
    this.options = options;
    this.slots = new SampleSlots(options.samples);
  }

  addSeries(timeMs: number, _: string, seed: SeriesSeed, { samples, staleMarkers, a, b }: SeriesSums): void {
    if (samples > 0) this.add(seed, timeMs, { a, b });
    else if (staleMarkers > 0) this.add(seed, timeMs, stale);
  }

  addOutOfOrder(): void {
    // They are told as any other.
  }

  headSums(series: HeadSeries): HeadSums {
    return {
      add: (index, timeMs) => this.add(series.seedAt(index), timeMs, { a: hashed.a, b: hashed.b }),
      addStaleMarker: (index, timeMs) => this.add(series.seedAt(index), timeMs, stale),
      end: () => undefined,
    };
  }

  /** Samples of the result that no source has had. */
  countUnhit(): number {
    let count = 0;
    this.slots.forEachState((word) => {
      if ((word & isHit) === 0) count += 1;
    });
    return count;
  }

  private add(seed: SeriesSeed, timeMs: number, value: SeriesSeed): void {
    const window = this.options.windows.get(windowStart(timeMs));
    if (window === undefined || !this.options.isWanted(seed)) return;
    const place = this.slots.find(seed, timeMs);
    const word = this.slots.stateAt(place);
    if (this.side === 'result') {
      if (word === 0) this.slots.put(place, value, stateOf(0));
    } else if (this.options.hasResult) this.judge(place, value, window);
    else if (word === 0) this.slots.put(place, value, stateOf(this.side));
    else if (!this.slots.hasValue(place, value)) this.options.events.onConflict(window, seed, word >>> ownerShift);
  }

  private judge(place: number, value: SeriesSeed, window: number): void {
    const { events, winner } = this.options;
    const word = this.slots.stateAt(place);
    if (word !== 0 && this.slots.hasValue(place, value)) {
      this.slots.setState(place, word | isHit | (this.side === winner ? isOfWinner : 0));
      events.onKept();
    } else if ((word & isOfWinner) !== 0) events.onDropped();
    else events.onLost(window);
  }
}

function stateOf(owner: number): number {
  return (owner << ownerShift) | isThere;
}

/** Of floats and histograms, one in 2^64 hashes to the same. */
const stale: SeriesSeed = { a: staleHigh, b: staleLow };
