import { hashed } from '../inventory/sample-digest.ts';

/**
 * What is in the bytes of a head and does not count: Prometheus drops it when it starts, since its series begins anew behind
 * it; 2.42 answers it, since it was deleted under another reference of its series than the first; or it has a time or a
 * reference that we do not hold, and nobody knows of which series or when it is.
 */
export interface Dropped {
  readonly why: 'begins-anew' | 'further-reference' | 'unheld';
  readonly samples: number;
  readonly series: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export function unheldEntries(samples: number): Dropped {
  return { why: 'unheld', samples, series: 0, fromMs: null, toMs: null };
}

interface SeriesSums {
  samples: number;
  a: number;
  b: number;
  fromMs: number;
  toMs: number;
  /** What was replayed of the same times. */
  readonly again: { samples: number; a: number; b: number };
}

/**
 * Adds up what is dropped of a series and what is replayed of the same times: where both are the same, as in segments that
 * were copied, nothing is missing. Some hundred bytes for each series of which something is dropped, however much that is.
 */
export class DroppedSamples {
  private readonly bySeries = new Map<number, SeriesSums>();

  has(series: number): boolean {
    // It is asked for each sample, and nearly always nothing is dropped.
    return this.bySeries.size > 0 && this.bySeries.has(series);
  }

  /** The sample whose hash is in `hashed`. One that is no newer than another that was dropped has been dropped twice. */
  drop(series: number, timeMs: number): void {
    let sums = this.bySeries.get(series);
    if (sums === undefined) {
      const again = { samples: 0, a: 0, b: 0 };
      this.bySeries.set(series, (sums = { samples: 0, a: 0, b: 0, fromMs: timeMs, toMs: -Infinity, again }));
    }
    if (timeMs <= sums.toMs) return;
    sums.toMs = timeMs;
    add(sums);
  }

  /** The sample whose hash is in `hashed` is replayed. */
  replay(series: number, timeMs: number): void {
    const sums = this.bySeries.get(series);
    if (sums !== undefined && timeMs >= sums.fromMs && timeMs <= sums.toMs) add(sums.again);
  }

  /** What is dropped and does not come again as it was, where that is anything. */
  tellTo(tell: (dropped: Dropped) => void): void {
    const missing = [...this.bySeries.values()].filter(
      ({ samples, a, b, again }) => samples !== again.samples || a !== again.a || b !== again.b,
    );
    if (missing.length === 0) return;
    tell({
      why: 'begins-anew',
      samples: missing.reduce((sum, { samples }) => sum + samples, 0),
      series: missing.length,
      fromMs: missing.reduce((least, { fromMs }) => Math.min(least, fromMs), Infinity),
      toMs: missing.reduce((most, { toMs }) => Math.max(most, toMs), -Infinity),
    });
  }
}

function add(sums: { samples: number; a: number; b: number }): void {
  sums.samples += 1;
  sums.a = (sums.a + hashed.a) >>> 0;
  sums.b = (sums.b + hashed.b) >>> 0;
}
