import type { BitCursor } from '../bytes/bit-cursor.ts';
import { addInt64, subtractInt64, type Int64 } from '../bytes/int64.ts';

/**
 * Reads the start timestamps that XOR2 and the ST encodings put behind samples (chunks.md, Start timestamp encoding): they
 * say when a counter began and are no part of a sample's value.
 */
export class StartTimes {
  private readonly isFirstKnown: boolean;
  private readonly changesOn: number;
  private startMs = 0;
  /** From the time of the sample before up to the start. */
  private diffMs: Int64 = 0;

  constructor(header: number) {
    this.isFirstKnown = (header & 0x80) !== 0;
    this.changesOn = header & 0x7f;
  }

  /** Behind sample `index`, counted from 0. `fromMs` is the time of the sample before, of the first one its own. */
  read(bits: BitCursor, index: number, fromMs: number): number {
    if (index === 0) {
      if (this.isFirstKnown) this.startMs = heldStart(subtractInt64(fromMs, bits.wideVarint()));
    } else if (this.changesOn > 0 && index >= this.changesOn) {
      this.diffMs = addInt64(this.diffMs, bits.wideVarbitInt());
      this.startMs = heldStart(subtractInt64(fromMs, this.diffMs));
    }
    return this.startMs;
  }
}

/** NaN for one that a double does not hold: targets may say anything of when their counters began. */
export function heldStart(startMs: Int64): number {
  return typeof startMs === 'number' ? startMs : NaN;
}
