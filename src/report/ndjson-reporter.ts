import type { Reporter, Write } from './reporter.ts';

/** Progress is for showing: four times a second is enough for whoever reads along. */
const progressIntervalMs = 250;

export interface NdjsonOptions {
  readonly write: Write;
  readonly now: () => number;
}

/** One object per line, each with a `type`; the result, which has none, comes after them. */
export function createNdjsonReporter({ write, now }: NdjsonOptions): Reporter {
  let progressAtMs = Number.NEGATIVE_INFINITY;
  const line = (value: object) => write(`${JSON.stringify(value)}\n`);
  return {
    plan: (plan) => line({ type: 'plan', atMs: now(), plan }),
    event(event) {
      if (event.type === 'step-progress') {
        if (now() - progressAtMs < progressIntervalMs) return;
        progressAtMs = now();
      }
      line({ ...event, atMs: now() });
    },
    progress(progress) {
      if (now() - progressAtMs < progressIntervalMs) return;
      progressAtMs = now();
      line({ type: 'progress', atMs: now(), progress });
    },
    note: (text) => line({ type: 'note', atMs: now(), line: text }),
    close: () => undefined,
  };
}
