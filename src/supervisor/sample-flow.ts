import type { PrometheusHead } from './read-prometheus-head.ts';

/** Whether samples come in, followed over several looks at one instance of Prometheus. */
export interface SampleFlow {
  readonly startedAtMs: number;
  readonly head: PrometheusHead;
  /** What was already rejected when samples last came in: only what came on top explains a silence. */
  readonly rejectedBefore: Rejected;
  /** When the number of appended samples was last seen to grow; null where it was not yet. */
  readonly grewAtMs: number | null;
}

type Rejected = Pick<PrometheusHead, 'outOfBounds' | 'outOfOrder'>;

export interface FlowReading {
  readonly startedAtMs: number;
  readonly head: PrometheusHead;
  readonly nowMs: number;
}

/** Takes in one look. The newest sample alone is no sign: one from the future stays the newest for long. */
export function followSampleFlow(before: SampleFlow | undefined, reading: FlowReading): SampleFlow {
  const { startedAtMs, head, nowMs } = reading;
  if (before === undefined || before.startedAtMs !== startedAtMs) {
    const isPast = head.newestSampleMs !== null && head.newestSampleMs <= nowMs && head.appended > 0;
    const rejectedBefore = head.appended > 0 ? head : { outOfBounds: 0, outOfOrder: 0 };
    return { startedAtMs, head, rejectedBefore, grewAtMs: isPast ? head.newestSampleMs : null };
  }
  if (head.appended > before.head.appended) return { startedAtMs, head, rejectedBefore: head, grewAtMs: nowMs };
  return { ...before, head };
}

/** Samples that Prometheus has rejected since it last stored one. */
export function rejectedSince({ head, rejectedBefore }: SampleFlow): Rejected {
  return {
    outOfBounds: head.outOfBounds - rejectedBefore.outOfBounds,
    outOfOrder: head.outOfOrder - rejectedBefore.outOfOrder,
  };
}

/** How long nothing may come in before that is a finding: two scrapes may fail, and a scrape may take its time. */
export function patienceMs(scrapeIntervalMs: number): number {
  return 2 * scrapeIntervalMs + 5_000;
}

/** Null while samples come in or may still be awaited; else since when none has. */
export function silentSinceMs(flow: SampleFlow, scrapeIntervalMs: number, nowMs: number): number | null {
  const since = Math.max(flow.grewAtMs ?? flow.startedAtMs, flow.startedAtMs);
  return nowMs - since > patienceMs(scrapeIntervalMs) ? since : null;
}
