/** Sixteen to an octave: what is this close together counts as one interval. */
const binsPerOctave = 16;

interface Bin {
  count: number;
  sumMs: number;
}

/** Counts the distances from one sample of a series to its next, and says what is usual. Bounded by the bins there can be. */
export class IntervalCount {
  private readonly bins = new Map<number, Bin>();

  add(intervalMs: number, times = 1): void {
    if (!(intervalMs > 0)) return;
    const key = Math.round(Math.log2(intervalMs) * binsPerOctave);
    const bin = this.bins.get(key);
    if (bin === undefined) this.bins.set(key, { count: times, sumMs: intervalMs * times });
    else {
      bin.count += times;
      bin.sumMs += intervalMs * times;
    }
  }

  addAll(other: IntervalCount): void {
    for (const { count, sumMs } of other.bins.values()) this.add(sumMs / count, count);
  }

  /** The median, to the millisecond where it is always the same; null where there is none. */
  usual(): number | null {
    const sorted = [...this.bins].sort(([one], [other]) => one - other);
    const total = sorted.reduce((sum, [, { count }]) => sum + count, 0);
    let passed = 0;
    for (const [, { count, sumMs }] of sorted) {
      passed += count;
      if (2 * passed >= total) return Math.round(sumMs / count);
    }
    return null;
  }
}
