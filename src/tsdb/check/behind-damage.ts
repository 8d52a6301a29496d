import type { FileWindow } from '../bytes/file-window.ts';
import { decompress } from '../bytes/decompress.ts';
import { Damage } from '../damage.ts';
import { pageBytes } from '../head/wal-fragment.ts';
import { parseRecord } from '../head/wal-records.ts';
import { salvageSegment } from '../repair/salvage-segment.ts';

/** What lies in a segment behind its first damage: whole, and dropped by Prometheus all the same. */
export interface BehindDamage {
  readonly records: number;
  /** Floats and histograms, stale markers among them, in these records. */
  readonly samples: number;
  /** Of the samples; null where there is none. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Where the first of these records begins. */
  readonly resumesAt: number | null;
  /** Further places that are damaged. */
  readonly damages: number;
}

/** Reads on behind a damage: at the latest the next page begins with a fragment again. `offset` is where the damage lies. */
export function lookBehind(file: FileWindow, offset: number): BehindDamage {
  let [records, samples, damages] = [0, 0, 0];
  let [fromMs, toMs] = [Infinity, -Infinity];
  let resumesAt: number | null = null;
  const note = (timeMs: number): void => {
    samples += 1;
    fromMs = Math.min(fromMs, timeMs);
    toMs = Math.max(toMs, timeMs);
  };
  const sink = {
    series: () => undefined,
    deletion: () => undefined,
    float: (_: number, timeMs: number) => note(timeMs),
    histogram: (_: number, timeMs: number) => note(timeMs),
  };
  salvageSegment(file, {
    onRecord: (record) => {
      if (record.offset <= offset) return;
      resumesAt ??= record.offset;
      records += 1;
      try {
        parseRecord(decompress(record.compression, record.bytes), sink);
      } catch (error) {
        // A record of a kind that we do not know is whole all the same, and is told where it is read.
        if (!(error instanceof Damage)) throw error;
      }
    },
    onLost: ({ from }) => {
      if (from > offset) damages += 1;
    },
  });
  const times = samples === 0 ? { fromMs: null, toMs: null } : { fromMs, toMs };
  return { records, samples, ...times, resumesAt, damages };
}

/** As it is said behind what the damage is. */
export function describeBehind(behind: BehindDamage, offset: number): string {
  const { records, samples, resumesAt, damages } = behind;
  const nextPage = Math.ceil((offset + 1) / pageBytes) * pageBytes;
  const more = damages === 0 ? '' : `, and ${damages} more ${damages === 1 ? 'place is' : 'places are'} damaged`;
  if (resumesAt === null) return `no whole record follows in this file${more}`;
  const at = resumesAt === nextPage ? `the next page, byte ${resumesAt}` : `byte ${resumesAt}`;
  const count = `${records} whole ${records === 1 ? 'record' : 'records'} with ${samples} ${samples === 1 ? 'sample' : 'samples'}`;
  return `from ${at} on ${count} can be read${more}`;
}
