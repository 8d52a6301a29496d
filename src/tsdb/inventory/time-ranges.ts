export interface TimeRange {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** A set of times, for the question whether something reaches into it. */
export class TimeRanges {
  private readonly merged: { fromMs: number; toMs: number }[] = [];

  constructor(ranges: readonly TimeRange[]) {
    for (const { fromMs, toMs } of [...ranges].sort((one, other) => one.fromMs - other.fromMs)) {
      const last = this.merged.at(-1);
      if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
      else this.merged.push({ fromMs, toMs });
    }
  }

  /** Both ends inclusive. */
  overlap(fromMs: number, toMs: number): boolean {
    let low = 0;
    let high = this.merged.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.merged[middle] as TimeRange).toMs > fromMs) high = middle;
      else low = middle + 1;
    }
    const first = this.merged[low];
    return first !== undefined && first.fromMs <= toMs;
  }
}
