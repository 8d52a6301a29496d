import type { OpenedWindow } from '../model/stitch-step.ts';
import type { TsdbWindow } from '../model/tsdb-inventory.ts';
import { blockRangeMs } from './retention.ts';

export interface Disagreement {
  /** What Prometheus has answered. */
  readonly answered: OpenedWindow;
  /** What was counted from the bytes of the same time. */
  readonly counted: Pick<OpenedWindow, 'series' | 'samples'>;
}

/** The first time for which Prometheus answers anything else than what the bytes say. */
export function findDisagreement(
  answers: readonly OpenedWindow[],
  windows: readonly TsdbWindow[],
): Disagreement | undefined {
  const byStart = new Map(windows.map((window) => [window.fromMs, window]));
  for (const answered of answers) {
    const start = Math.floor(answered.fromMs / blockRangeMs) * blockRangeMs;
    const { series, samples } = byStart.get(start) ?? { series: 0, samples: 0 };
    if (answered.series !== series || answered.samples !== samples) return { answered, counted: { series, samples } };
  }
  return undefined;
}
