export interface Pace {
  /** Null for as fast as it can. */
  readonly maxBytesPerSecond: number | null;
  /** `nowMs` when it began. */
  readonly startedAtMs: number;
}

/** The same in all threads, whose clocks begin each at another time. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Waits until so many bytes may have been read, by all threads together. Blocks this one: nothing else waits in it. */
export function slowDown(bytes: number, { maxBytesPerSecond, startedAtMs }: Pace): void {
  if (maxBytesPerSecond === null) return;
  const durationMs = (bytes / maxBytesPerSecond) * 1000 - (nowMs() - startedAtMs);
  if (durationMs > 0) Atomics.wait(never, 0, 0, durationMs);
}
