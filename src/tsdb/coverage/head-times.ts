import { isStaleMarker } from '../chunk/sample-sink.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { HeadEvents } from '../head/head-events.ts';
import { HeadReader } from '../head/head-reader.ts';
import type { HeadSeries } from '../head/head-series.ts';
import type { LateTimes } from './late-times.ts';
import { kindOf, type SeriesKind } from './series-kind.ts';
import { UnitCount, type UnitTimes } from './unit-times.ts';

export interface HeadTimesOptions {
  readonly files: TsdbFiles;
  /** Out-of-order samples, which are counted once all others are known. */
  readonly late: LateTimes;
  readonly events: HeadEvents;
}

/** When the head holds samples. To be called in this order: `readSeries`, `readLate`, and once the blocks are read, `read`. */
export class HeadTimes {
  private readonly late: LateTimes;
  private readonly reader: HeadReader;
  private readonly series: HeadSeries;
  private readonly unit = new UnitCount();
  private readonly kinds = new Map<string, SeriesKind>();

  constructor({ files, late, events }: HeadTimesOptions) {
    this.late = late;
    this.reader = new HeadReader({ files, events, jobOf: (labels) => this.keyOf(labels) });
    this.series = this.reader.series;
  }

  readSeries(): void {
    this.reader.readSeries();
  }

  readLate(): void {
    const add = (index: number, timeMs: number, isStale: boolean): void =>
      this.late.add(this.series.seedAt(index), this.kindAt(index).job, { timeMs, isStale });
    this.reader.readLate(() => ({
      float: (index, timeMs, high, low) => add(index, timeMs, isStaleMarker(high, low)),
      histogram: (index, timeMs, _, isStale) => add(index, timeMs, isStale),
    }));
  }

  /** `minValidMs` is the exclusive end of the newest block whose samples came in order. */
  read(minValidMs: number): UnitTimes {
    this.reader.readInOrder(minValidMs, {
      float: (index, timeMs, high, low) => {
        if (isStaleMarker(high, low)) return;
        this.takeFromLate(index, timeMs);
        const kind = this.kindAt(index);
        if (kind.kind === 'up' && high === 0 && low === 0) this.unit.downOf(kind.job)?.add(timeMs, timeMs, 1);
        this.add(kind, timeMs);
      },
      histogram: (index, timeMs, _, isStale) => {
        if (isStale) return;
        this.takeFromLate(index, timeMs);
        this.add(this.kindAt(index), timeMs);
      },
    });
    return this.unit.finish();
  }

  /** What is told apart is the job and the kind; both stand in the place of the job in the table of series. */
  private keyOf(labels: readonly Uint8Array[]): string {
    const kind = kindOf(labels);
    const key = `${kind.kind} ${kind.job}`;
    if (!this.kinds.has(key)) this.kinds.set(key, kind);
    return key;
  }

  private kindAt(index: number): SeriesKind {
    const kind = this.kinds.get(this.series.jobs[this.series.jobAt(index)] ?? '');
    return kind ?? { job: '', kind: 'scraped' };
  }

  private takeFromLate(index: number, timeMs: number): void {
    if (!this.late.isEmpty) this.late.timesOf(this.series.seedAt(index))?.delete(timeMs);
  }

  private add(kind: SeriesKind, timeMs: number): void {
    const { runs, intervals } = this.unit.timesOf(kind);
    const { beforeMs } = this.reader;
    if (beforeMs !== -Infinity) intervals.add(timeMs - beforeMs);
    runs.add(timeMs, timeMs, 1);
  }
}
