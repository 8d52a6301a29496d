import type { RunCursor } from './run-cursor.ts';
import type { SpooledSample } from './sample-fragment.ts';
import { isSame, isStale } from './spooled-sample.ts';

/** A series has different values at one time: the one that is kept came first. A stale marker is no value. */
export type OnConflict = (rank: number, timeMs: number) => void;

/** Walks over the samples of several runs as if they were one: each window, series and time once. */
export class RunMerge {
  /** The cursor whose sample comes next; undefined at the end. */
  current: RunCursor | undefined;
  private readonly heap: RunCursor[] = [];
  private readonly onConflict: OnConflict;

  constructor(cursors: readonly RunCursor[], onConflict: OnConflict) {
    this.onConflict = onConflict;
    for (const cursor of cursors) if (!cursor.isAtEnd) this.heap.push(cursor);
    for (let at = this.heap.length >>> 1; at >= 0; at -= 1) this.sink(at);
    this.current = this.heap[0];
  }

  /** Passes over the current sample and over others of the same series and time. */
  step(): void {
    const { current } = this;
    if (current === undefined) return;
    if (!this.hasRival(current)) {
      this.advance();
      return;
    }
    const { window, rank, timeMs } = current;
    const kept = copyOf(current.sample);
    this.advance();
    while (isAt(this.current, window, rank) && this.current.timeMs === timeMs) {
      const { sample } = this.current;
      if (!isStale(sample) && !isSame(kept, sample)) this.onConflict(rank, timeMs);
      this.advance();
    }
  }

  /** True where another run has the same series and time: it is next to the top of the heap. */
  private hasRival(current: RunCursor): boolean {
    const { heap } = this;
    for (let at = 1; at <= 2; at += 1) {
      const other = heap[at];
      if (isAt(other, current.window, current.rank) && other.timeMs === current.timeMs) return true;
    }
    return false;
  }

  private advance(): void {
    const { heap } = this;
    const top = heap[0];
    if (top === undefined) return;
    top.step();
    if (top.isAtEnd) {
      const last = heap.pop();
      if (last !== undefined && last !== top) heap[0] = last;
    }
    this.sink(0);
    this.current = heap[0];
  }

  private sink(from: number): void {
    const { heap } = this;
    let at = from;
    for (;;) {
      let least = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < heap.length; child += 1) {
        if ((heap[child] as RunCursor).isBefore(heap[least] as RunCursor)) least = child;
      }
      if (least === at) return;
      const moved = heap[at] as RunCursor;
      heap[at] = heap[least] as RunCursor;
      heap[least] = moved;
      at = least;
    }
  }
}

function isAt(cursor: RunCursor | undefined, window: number, rank: number): cursor is RunCursor {
  return cursor !== undefined && cursor.rank === rank && cursor.window === window;
}

function copyOf(sample: SpooledSample): SpooledSample {
  return sample.histogram === undefined ? sample : { ...sample, histogram: Uint8Array.from(sample.histogram) };
}
