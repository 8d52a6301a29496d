import { windowMs } from '../inventory/window-table.ts';
import { ByteWriter } from './byte-writer.ts';
import { FragmentWriter, type SpooledSample } from './sample-fragment.ts';
import { isSame, isStale } from './spooled-sample.ts';
import type { OnConflict } from './run-merge.ts';

/** Samples that are sorted at once: 37 bytes each. */
export const usualCapacity = 2 ** 20;
const fullBytes = 16 * 1024 * 1024;

export interface BufferedSample extends SpooledSample {
  readonly rank: number;
}

/** Samples in columns, in the order in which they came, until there are so many that they are sorted and written. */
export class SampleBuffer {
  private count = 0;
  private readonly capacity: number;
  private readonly ranks: Uint32Array;
  private readonly times: Float64Array;
  private readonly starts: Float64Array;
  /** A float's bits; or where a histogram begins in `bytes`, and its length. */
  private readonly highs: Uint32Array;
  private readonly lows: Uint32Array;
  private readonly kinds: Uint8Array;
  private readonly keys: Float64Array;
  private readonly bytes = new ByteWriter();
  /** Windows of these samples. */
  private readonly windows = new Set<number>();
  private readonly mostWindows: number;
  private lastWindow = NaN;

  constructor(seriesCount: number, capacity: number) {
    this.capacity = capacity;
    this.ranks = new Uint32Array(capacity);
    this.times = new Float64Array(capacity);
    this.starts = new Float64Array(capacity);
    this.highs = new Uint32Array(capacity);
    this.lows = new Uint32Array(capacity);
    this.kinds = new Uint8Array(capacity);
    this.keys = new Float64Array(capacity);
    // So that window, series and place fit into 53 bits together.
    this.mostWindows = Math.max(1, Math.floor(2 ** 53 / capacity / Math.max(1, seriesCount)));
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  get isFull(): boolean {
    return this.count === this.capacity || this.bytes.length >= fullBytes || this.windows.size >= this.mostWindows;
  }

  add({ rank, timeMs, startMs, high, low, histogram }: BufferedSample): void {
    const at = this.count;
    this.ranks[at] = rank;
    this.times[at] = timeMs;
    this.starts[at] = startMs;
    this.highs[at] = histogram === undefined ? high : this.bytes.length;
    this.lows[at] = histogram === undefined ? low : histogram.length;
    this.kinds[at] = histogram === undefined ? 0 : histogramKind;
    if (histogram !== undefined) this.bytes.put(histogram);
    const window = Math.floor(timeMs / windowMs);
    if (window !== this.lastWindow) this.windows.add(window);
    this.lastWindow = window;
    this.count += 1;
  }

  /** Writes them by window, series and time, each time once, and is empty afterwards. */
  drain(isLate: boolean, put: (bytes: Uint8Array) => void, onConflict: OnConflict): void {
    const { capacity } = this;
    const writer = new FragmentWriter(put);
    const sorted = this.sort();
    for (let from = 0; from < sorted.length;) {
      const group = Math.floor((sorted[from] as number) / capacity);
      let to = from + 1;
      while (to < sorted.length && Math.floor((sorted[to] as number) / capacity) === group) to += 1;
      this.drainGroup(sorted.subarray(from, to), { writer, isLate, onConflict });
      from = to;
    }
    writer.end();
    this.count = 0;
    this.bytes.clear();
    this.windows.clear();
    this.lastWindow = NaN;
  }

  /** Keys that say window and series, and below that the place. */
  private sort(): Float64Array {
    const numberOf = new Map(
      [...this.windows].sort((one, other) => one - other).map((window, number) => [window, number]),
    );
    let ranks = 0;
    for (let at = 0; at < this.count; at += 1) ranks = Math.max(ranks, (this.ranks[at] as number) + 1);
    for (let at = 0; at < this.count; at += 1) {
      const window = numberOf.get(Math.floor((this.times[at] as number) / windowMs)) as number;
      const series = window * ranks + (this.ranks[at] as number);
      this.keys[at] = series * this.capacity + at;
    }
    return this.keys.subarray(0, this.count).sort();
  }

  private drainGroup(keys: Float64Array, { writer, isLate, onConflict }: GroupDrain): void {
    const places = new Uint32Array(keys.length);
    for (let at = 0; at < keys.length; at += 1) places[at] = (keys[at] as number) % this.capacity;
    const first = places[0] as number;
    const window = Math.floor((this.times[first] as number) / windowMs);
    const key = { window, rank: this.ranks[first] as number, isLate };
    if (!this.isIncreasing(places)) {
      const isStaleAt = (place: number) => Number(isStale(this.sampleAt(place)));
      places.sort((one, other) => {
        const between = (this.times[one] as number) - (this.times[other] as number);
        return between || isStaleAt(one) - isStaleAt(other) || one - other;
      });
    }
    let last: SpooledSample | undefined;
    for (const place of places) {
      const sample = this.sampleAt(place);
      if (last?.timeMs === sample.timeMs) {
        if (!isStale(sample) && !isSame(last, sample)) onConflict(key.rank, sample.timeMs);
        continue;
      }
      last = sample;
      writer.add(key, sample);
    }
  }

  private isIncreasing(places: Uint32Array): boolean {
    for (let at = 1; at < places.length; at += 1) {
      if ((this.times[places[at] as number] as number) <= (this.times[places[at - 1] as number] as number))
        return false;
    }
    return true;
  }

  private sampleAt(place: number): SpooledSample {
    const [high, low] = [this.highs[place] as number, this.lows[place] as number];
    const isHistogram = this.kinds[place] === histogramKind;
    const histogram = isHistogram ? this.bytes.written.subarray(high, high + low) : undefined;
    return {
      timeMs: this.times[place] as number,
      startMs: this.starts[place] as number,
      high,
      low,
      histogram,
    };
  }
}

const histogramKind = 1;

interface GroupDrain {
  readonly writer: FragmentWriter;
  readonly isLate: boolean;
  readonly onConflict: OnConflict;
}
