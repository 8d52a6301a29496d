import type { Damage } from '../damage.ts';
import type { Findings } from '../findings.ts';
import type { Dropped } from './dropped-samples.ts';

/** What is told while a head is read; it is read as far as it can be. */
export interface HeadEvents {
  readonly onDamage: (path: string, damage: Damage, isTorn: boolean) => void;
  readonly onHole: (missing: string, unread: readonly string[]) => void;
  /** So many samples are of series whose labels no record tells. */
  readonly onStrangers?: (samples: number) => void;
  /** Told once for each reason. */
  readonly onDropped?: (directory: 'wal' | 'chunks_head', dropped: Dropped) => void;
  readonly onRead?: (bytes: number) => void;
}

/** All of it as findings. */
export function headEvents(findings: Findings): HeadEvents {
  return {
    onDamage: (path, damage, isTorn) => findings.addHeadDamage(path, damage, isTorn),
    onHole: (missing, unread) => findings.addHole(missing, unread),
    onStrangers: (samples) => findings.addStrangers(samples),
    onDropped: (directory, dropped) => findings.addDropped(directory, dropped),
  };
}
