/** How many samples there are, and from when to when. */
export interface SampleTimes {
  readonly samples: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Adds them up. */
export class SampleSpan implements SampleTimes {
  samples = 0;
  fromMs = Infinity;
  toMs = -Infinity;

  addTime(timeMs: number): void {
    this.add({ samples: 1, fromMs: timeMs, toMs: timeMs });
  }

  add({ samples, fromMs, toMs }: SampleTimes): void {
    this.samples += samples;
    this.fromMs = Math.min(this.fromMs, fromMs);
    this.toMs = Math.max(this.toMs, toMs);
  }
}
