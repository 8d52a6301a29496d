import { RunCursor } from './run-cursor.ts';
import { RunMerge, type OnConflict } from './run-merge.ts';
import { SampleBuffer, usualCapacity, type BufferedSample } from './sample-buffer.ts';
import { FragmentWriter, type Run } from './sample-fragment.ts';
import { SpoolFile } from './spool-file.ts';

export interface SampleSpoolOptions {
  /** Absolute: the file has no name once it is open. */
  readonly path: string;
  readonly seriesCount: number;
  readonly onConflict: OnConflict;
  /** Runs that are read side by side, and samples in one; fewer than usual for tests. */
  readonly mostRuns?: number;
  readonly capacity?: number;
}

/** Each holds a window and a fragment in memory. */
const mostRunsAtOnce = 256;

/**
 * Sorts any number of samples by window, series and time: a million at a time in memory, each such run on the disk, and
 * all runs merged in the end. Runs beyond so many are merged into one before.
 */
export class SampleSpool {
  private readonly options: SampleSpoolOptions;
  /** Until nothing more is added. */
  private buffer: SampleBuffer | undefined;
  private readonly fresh: SpoolFile;
  private readonly merged: SpoolFile;
  private freshRuns: Run[] = [];
  private readonly mergedRuns: Run[] = [];
  private isLate = true;

  constructor(options: SampleSpoolOptions) {
    this.options = options;
    this.buffer = new SampleBuffer(options.seriesCount, options.capacity ?? usualCapacity);
    this.fresh = new SpoolFile(options.path);
    this.merged = new SpoolFile(options.path);
  }

  /** A run holds either samples that came in order or such that came late, so that it is sorted by time. */
  add(sample: BufferedSample, isLate: boolean): void {
    if (isLate !== this.isLate) this.drain();
    this.isLate = isLate;
    const { buffer } = this;
    if (buffer === undefined) throw new Error('A spool that is being read takes no more samples.');
    buffer.add(sample);
    if (buffer.isFull) this.drain();
  }

  /** All samples in their order. Nothing is added afterwards. */
  sorted(): RunMerge {
    this.drain();
    this.buffer = undefined;
    const cursors = [
      ...this.mergedRuns.map((run, order) => new RunCursor(this.merged, run, order)),
      ...this.freshRuns.map((run, order) => new RunCursor(this.fresh, run, this.mergedRuns.length + order)),
    ];
    return new RunMerge(cursors, this.options.onConflict);
  }

  close(): void {
    this.fresh.close();
    this.merged.close();
  }

  private drain(): void {
    const { buffer } = this;
    if (buffer === undefined || buffer.isEmpty) return;
    const run = writeRun(this.fresh, (put) => buffer.drain(this.isLate, put, this.options.onConflict));
    this.freshRuns.push(run);
    if (this.freshRuns.length >= (this.options.mostRuns ?? mostRunsAtOnce)) this.mergeFresh();
  }

  private mergeFresh(): void {
    const cursors = this.freshRuns.map((run, order) => new RunCursor(this.fresh, run, order));
    const merge = new RunMerge(cursors, this.options.onConflict);
    const run = writeRun(this.merged, (put) => {
      const writer = new FragmentWriter(put);
      for (let { current } = merge; current !== undefined; { current } = merge) {
        const { window, rank, isLate, sample } = current;
        const histogram = sample.histogram === undefined ? undefined : Uint8Array.from(sample.histogram);
        writer.add({ window, rank, isLate }, { ...sample, histogram });
        merge.step();
      }
      writer.end();
    });
    this.mergedRuns.push(run);
    this.freshRuns = [];
    this.fresh.empty();
  }
}

const flushBytes = 1 << 20;

function writeRun(file: SpoolFile, write: (put: (bytes: Uint8Array) => void) => void): Run {
  const from = file.sizeBytes;
  const buffer = Buffer.allocUnsafe(flushBytes);
  let filled = 0;
  const flush = (): void => {
    file.append(buffer.subarray(0, filled));
    filled = 0;
  };
  write((bytes) => {
    if (bytes.length > flushBytes - filled) flush();
    if (bytes.length > flushBytes) file.append(bytes);
    else {
      buffer.set(bytes, filled);
      filled += bytes.length;
    }
  });
  flush();
  return { from, to: file.sizeBytes };
}
