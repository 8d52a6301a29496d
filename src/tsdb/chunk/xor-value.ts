import { Damage } from '../damage.ts';
import type { BitCursor } from '../bytes/bit-cursor.ts';

/** A float64 that changes by XOR with the one before, and the window of bits that changed last (chunkenc/xor.go). */
export class XorValue {
  /** Halves of the bits, unsigned. */
  high = 0;
  low = 0;
  private leading = 0;
  private trailing = 0;

  /** The first value stands there whole. */
  readWhole(bits: BitCursor): void {
    this.high = bits.read(32);
    this.low = bits.read(32);
  }

  /** `0` unchanged, `10` in the same window, `11` in a new one. */
  readNext(bits: BitCursor): void {
    if (!bits.isSet()) return;
    if (bits.isSet()) this.readWindow(bits);
    this.apply(bits);
  }

  readWindow(bits: BitCursor): void {
    const at = bits.bytes.length;
    this.leading = bits.read(5);
    // 64 does not fit in six bits and overflows to 0.
    const significant = bits.read(6) || 64;
    this.trailing = 64 - this.leading - significant;
    if (this.trailing < 0) throw new Damage('bad-structure', 'a value has more than 64 bits', at);
  }

  /** Reads the bits of the window and XORs them in. */
  apply(bits: BitCursor): void {
    const { leading, trailing } = this;
    const size = 64 - leading - trailing;
    const upper = size > 32 ? bits.read(size - 32) : 0;
    const lower = bits.read(size > 32 ? 32 : size);
    if (trailing === 0) {
      this.high = (this.high ^ upper) >>> 0;
      this.low = (this.low ^ lower) >>> 0;
    } else if (trailing < 32) {
      this.high = (this.high ^ ((upper << trailing) | (lower >>> (32 - trailing)))) >>> 0;
      this.low = (this.low ^ (lower << trailing)) >>> 0;
    } else {
      // (x << 32) is x in JavaScript, and only `lower` is left there.
      this.high = (this.high ^ (trailing === 32 ? lower : lower << (trailing - 32))) >>> 0;
    }
  }

  toNumber(): number {
    words[1] = this.high;
    words[0] = this.low;
    return floats[0] as number;
  }
}

const floats = new Float64Array(1);
/** Little-endian, as every processor that Node.js runs on here. */
const words = new Uint32Array(floats.buffer);

export function highWordOf(value: number): number {
  floats[0] = value;
  return words[1] as number;
}

export function lowWordOf(value: number): number {
  floats[0] = value;
  return words[0] as number;
}

export function floatOf(high: number, low: number): number {
  words[1] = high;
  words[0] = low;
  return floats[0] as number;
}
