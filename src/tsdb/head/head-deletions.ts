import { addInterval, isDeleted } from '../block/tombstones.ts';
import type { Dropped } from './dropped-samples.ts';

type Interval = readonly [fromMs: number, toMs: number];

/**
 * What was deleted of the head. Where a series has several references, 2.42 takes at its start only what was deleted under
 * the first one that the WAL tells (head_wal.go loadWAL): it answers the other samples again, which 3.x does not.
 */
export class HeadDeletions {
  private readonly first = new Map<number, Interval[]>();
  private readonly further = new Map<number, Interval[]>();
  /** References behind the first one of their series. */
  private readonly furtherReferences = new Set<number>();
  private samples = 0;
  private readonly series = new Set<number>();
  private fromMs = Infinity;
  private toMs = -Infinity;

  noteFurther(reference: number): void {
    this.furtherReferences.add(reference);
  }

  add(series: number, reference: number, interval: Interval): void {
    addInterval(this.furtherReferences.has(reference) ? this.further : this.first, series, interval);
  }

  forget(series: number): void {
    this.first.delete(series);
    this.further.delete(series);
  }

  has(series: number, timeMs: number): boolean {
    return isDeleted(this.first.get(series), timeMs) || isDeleted(this.further.get(series), timeMs);
  }

  /** For a sample that would count: false where it is deleted, and those that 2.42 answers are counted. */
  admit(series: number, timeMs: number): boolean {
    if (isDeleted(this.first.get(series), timeMs)) return false;
    if (!isDeleted(this.further.get(series), timeMs)) return true;
    this.samples += 1;
    this.series.add(series);
    this.fromMs = Math.min(this.fromMs, timeMs);
    this.toMs = Math.max(this.toMs, timeMs);
    return false;
  }

  /** Undefined where there are none. */
  get returning(): Dropped | undefined {
    const { samples, fromMs, toMs } = this;
    return samples === 0 ? undefined : { why: 'further-reference', samples, series: this.series.size, fromMs, toMs };
  }
}
