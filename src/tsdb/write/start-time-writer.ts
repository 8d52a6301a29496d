import type { BitWriter } from './bit-writer.ts';
import { ByteWriter } from './byte-writer.ts';
import { writeVarbitInt } from './varbit-writer.ts';

/** Beyond it, a chunk has to say a start time with each sample; no chunk of ours is so long. */
const mostSamples = 127;

/** Writes when counters began, behind each sample (chunks.md, Start timestamp encoding); the counterpart of StartTimes. */
export class StartTimeWriter {
  private isFirstKnown = false;
  private changesOn = 0;
  private startMs = 0;
  private diffMs = 0;
  private beforeMs = 0;
  private index = 0;

  /** The byte in the chunk's header. */
  get header(): number {
    return (this.isFirstKnown ? 0x80 : 0) | this.changesOn;
  }

  write(bits: BitWriter, timeMs: number, startMs: number): void {
    if (this.index >= mostSamples) throw new Error('A chunk with start times is full.');
    if (this.index === 0) this.writeFirst(bits, timeMs, startMs);
    else if (this.changesOn > 0 || startMs !== this.startMs) {
      if (this.changesOn === 0) this.changesOn = this.index;
      const diffMs = this.beforeMs - startMs;
      writeVarbitInt(bits, diffMs - this.diffMs);
      this.diffMs = diffMs;
    }
    this.startMs = startMs;
    this.beforeMs = timeMs;
    this.index += 1;
  }

  private writeFirst(bits: BitWriter, timeMs: number, startMs: number): void {
    if (startMs === 0) return;
    bits.bytesOf(new ByteWriter().varint(timeMs - startMs).written);
    this.isFirstKnown = true;
  }
}
