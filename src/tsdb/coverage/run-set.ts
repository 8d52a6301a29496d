import type { CoverageRange } from '../../model/tsdb-coverage.ts';

/**
 * The union of stretches of time, joined where they are no further apart than `cutMs`. If no stretch that is added has a
 * hole that is longer, the union has exactly the holes that all samples together have, to the millisecond. Bounded: where
 * there would be more than `most`, the cut is doubled until there are not.
 */
export class RunSet {
  private readonly from: number[] = [];
  private readonly to: number[] = [];
  private readonly counts: number[] = [];
  private cut: number;
  private readonly most: number;
  private hint = 0;

  constructor(cutMs: number, most: number) {
    this.cut = cutMs;
    this.most = most;
  }

  get cutMs(): number {
    return this.cut;
  }

  get isEmpty(): boolean {
    return this.from.length === 0;
  }

  /** Where something other than the cut is given, that is how far apart what is joined may be. */
  add(fromMs: number, toMs: number, samples: number, joinMs = this.cut): void {
    const { hint } = this;
    if (fromMs >= (this.from[hint] ?? Infinity) && toMs <= (this.to[hint] as number)) {
      this.counts[hint] = (this.counts[hint] as number) + samples;
      return;
    }
    const at = this.firstReaching(fromMs - joinMs);
    this.hint = at;
    if (at === this.from.length || (this.from[at] as number) > toMs + joinMs) {
      this.from.splice(at, 0, fromMs);
      this.to.splice(at, 0, toMs);
      this.counts.splice(at, 0, samples);
      while (this.from.length > this.most) this.coarsen(2 * Math.max(this.cut, 1));
      return;
    }
    this.from[at] = Math.min(this.from[at] as number, fromMs);
    this.to[at] = Math.max(this.to[at] as number, toMs);
    this.counts[at] = (this.counts[at] as number) + samples;
    this.absorb(at, joinMs);
  }

  addAll(runs: Iterable<CoverageRange>): void {
    for (const { fromMs, toMs, samples } of runs) this.add(fromMs, toMs, samples);
  }

  /** Joins what is no further apart than this; a cut never gets shorter. */
  coarsen(cutMs: number): void {
    if (cutMs <= this.cut) return;
    this.cut = cutMs;
    this.hint = 0;
    let kept = 0;
    for (let at = 1; at < this.from.length; at += 1) {
      if ((this.from[at] as number) - (this.to[kept] as number) <= cutMs) {
        this.to[kept] = Math.max(this.to[kept] as number, this.to[at] as number);
        this.counts[kept] = (this.counts[kept] as number) + (this.counts[at] as number);
      } else {
        kept += 1;
        this.from[kept] = this.from[at] as number;
        this.to[kept] = this.to[at] as number;
        this.counts[kept] = this.counts[at] as number;
      }
    }
    this.truncate(kept + 1);
  }

  list(): readonly CoverageRange[] {
    return this.from.map((fromMs, at) => ({
      fromMs,
      toMs: this.to[at] as number,
      samples: this.counts[at] as number,
    }));
  }

  /** The first stretch that ends at `timeMs` or later. */
  private firstReaching(timeMs: number): number {
    let low = 0;
    let high = this.to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.to[middle] as number) >= timeMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Takes in what comes behind a stretch that has grown. */
  private absorb(at: number, joinMs: number): void {
    let next = at + 1;
    while (next < this.from.length && (this.from[next] as number) <= (this.to[at] as number) + joinMs) {
      this.to[at] = Math.max(this.to[at] as number, this.to[next] as number);
      this.counts[at] = (this.counts[at] as number) + (this.counts[next] as number);
      next += 1;
    }
    const count = next - at - 1;
    if (count === 0) return;
    this.from.splice(at + 1, count);
    this.to.splice(at + 1, count);
    this.counts.splice(at + 1, count);
  }

  private truncate(length: number): void {
    if (length >= this.from.length) return;
    this.from.length = length;
    this.to.length = length;
    this.counts.length = length;
  }
}
