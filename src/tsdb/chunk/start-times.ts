import type { BitCursor } from '../bytes/bit-cursor.ts';

/**
 * Reads the start timestamps that XOR2 and the ST encodings put behind samples (chunks.md, Start timestamp encoding): they
 * say when a counter began and are no part of a sample's value.
 */
export class StartTimes {
  private readonly isFirstKnown: boolean;
  private readonly changesOn: number;
  private startMs = 0;
  /** From the time of the sample before up to the start. */
  private diffMs = 0;

  constructor(header: number) {
    this.isFirstKnown = (header & 0x80) !== 0;
    this.changesOn = header & 0x7f;
  }

  /** Behind sample `index`, counted from 0. `fromMs` is the time of the sample before, of the first one its own. */
  read(bits: BitCursor, index: number, fromMs: number): number {
    if (index === 0) {
      if (this.isFirstKnown) this.startMs = fromMs - bits.varint();
    } else if (this.changesOn > 0 && index >= this.changesOn) {
      this.diffMs += bits.varbitInt();
      this.startMs = fromMs - this.diffMs;
    }
    return this.startMs;
  }
}
