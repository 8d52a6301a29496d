import { ByteCursor } from '../bytes/byte-cursor.ts';
import { FragmentReader, fragmentLengthBytes, type Run, type SpooledSample } from './sample-fragment.ts';
import type { SpoolFile } from './spool-file.ts';
import { isStale } from './spooled-sample.ts';

/** Many runs are read side by side: each through a small window. */
const windowBytes = 32 * 1024;

/** Walks over the samples of one run, which are sorted by window, series and time. */
export class RunCursor {
  /** In which order the runs were made: what came first counts. */
  readonly order: number;
  isAtEnd = false;
  timeMs = 0;
  private readonly fragment = new FragmentReader();
  private at = 0;
  private readonly file: SpoolFile;
  private readonly run: Run;
  private next: number;
  private buffer = new Uint8Array(windowBytes);
  private bufferFrom = 0;
  private bufferTo = 0;

  constructor(file: SpoolFile, run: Run, order: number) {
    this.file = file;
    this.run = run;
    this.order = order;
    this.next = run.from;
    this.readFragment();
  }

  get window(): number {
    return this.fragment.window;
  }

  get rank(): number {
    return this.fragment.rank;
  }

  get isLate(): boolean {
    return this.fragment.isLate;
  }

  /** Bytes of a histogram are valid until the next step. */
  get sample(): SpooledSample {
    const { fragment, at } = this;
    return {
      timeMs: this.timeMs,
      startMs: fragment.starts[at] as number,
      high: fragment.highs[at] as number,
      low: fragment.lows[at] as number,
      histogram: fragment.histogramAt(at),
    };
  }

  step(): void {
    this.at += 1;
    if (this.at === this.fragment.count) this.readFragment();
    else this.timeMs = this.fragment.times[this.at] as number;
  }

  /**
   * True where its sample comes before that of another cursor. Of the same time, a value comes before a stale marker, and what
   * came in order first.
   */
  isBefore(other: RunCursor): boolean {
    if (this.window !== other.window) return this.window < other.window;
    if (this.rank !== other.rank) return this.rank < other.rank;
    if (this.timeMs !== other.timeMs) return this.timeMs < other.timeMs;
    const [isOwnStale, isOtherStale] = [isStale(this.sample), isStale(other.sample)];
    if (isOwnStale !== isOtherStale) return isOtherStale;
    if (this.isLate !== other.isLate) return other.isLate;
    return this.order < other.order;
  }

  private readFragment(): void {
    if (this.next >= this.run.to) {
      this.isAtEnd = true;
      return;
    }
    const length = new ByteCursor(this.bytesAt(this.next, fragmentLengthBytes)).be32();
    this.fragment.read(this.bytesAt(this.next + fragmentLengthBytes, length));
    this.next += fragmentLengthBytes + length;
    this.at = 0;
    this.timeMs = this.fragment.times[0] as number;
  }

  private bytesAt(offset: number, length: number): Uint8Array {
    if (offset < this.bufferFrom || offset + length > this.bufferTo) this.load(offset, length);
    const from = offset - this.bufferFrom;
    return this.buffer.subarray(from, from + length);
  }

  private load(offset: number, length: number): void {
    const wanted = Math.min(Math.max(length, windowBytes), this.run.to - offset);
    if (wanted > this.buffer.length) this.buffer = new Uint8Array(wanted);
    this.file.read(this.buffer.subarray(0, wanted), offset);
    this.bufferFrom = offset;
    this.bufferTo = offset + wanted;
  }
}
