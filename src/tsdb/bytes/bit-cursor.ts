import { Damage } from '../damage.ts';
import { joinInt64, readLongUvarint, requireHeld, shortBytes, unfold, type Int64 } from './int64.ts';

/** Reads bits, the highest of a byte first (tsdb/docs/bstream.md), never past the end. */
export class BitCursor {
  readonly bytes: Uint8Array;
  private readonly endBit: number;
  private bit: number;

  constructor(bytes: Uint8Array, startByte: number) {
    this.bytes = bytes;
    this.bit = startByte * 8;
    this.endBit = bytes.length * 8;
  }

  /** Bits that are left: fewer than eight where all has been read. */
  get left(): number {
    return this.endBit - this.bit;
  }

  /** Up to 32 bits as an unsigned number. */
  read(count: number): number {
    const from = this.bit;
    const next = from + count;
    if (next > this.endBit) throw new Damage('truncated', 'a chunk ends within a sample', from >>> 3);
    this.bit = next;
    if (count === 0) return 0;
    const { bytes } = this;
    const at = from >>> 3;
    const skip = from & 7;
    // Bytes past the end are undefined, which counts as 0 here; their bits are shifted out again.
    const word =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
    const spill = skip + count - 32;
    const high = (word << skip) >>> (32 - count);
    return spill <= 0 ? high : (high | ((bytes[at + 4] as number) >>> (8 - spill))) >>> 0;
  }

  isSet(): boolean {
    const from = this.bit;
    if (from >= this.endBit) throw new Damage('truncated', 'a chunk ends within a sample', from >>> 3);
    this.bit = from + 1;
    return (((this.bytes[from >>> 3] as number) >>> (7 - (from & 7))) & 1) === 1;
  }

  /** A signed 64-bit number; one that a double does not hold exactly is damage, as with all that are not called wide. */
  int64(): number {
    const at = this.bit >>> 3;
    return requireHeld(joinInt64(this.read(32) | 0, this.read(32)), at);
  }

  /** Go's binary.ReadUvarint over the bit stream. */
  uvarint(): number {
    const at = this.bit >>> 3;
    return requireHeld(this.wideUvarint(), at);
  }

  wideUvarint(): Int64 {
    const from = this.bit;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < shortBytes; count += 1) {
      const byte = this.read(8);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.bit = from;
    return readLongUvarint(() => this.read(8), from >>> 3);
  }

  varint(): number {
    const at = this.bit >>> 3;
    return requireHeld(this.wideVarint(), at);
  }

  wideVarint(): Int64 {
    return unfold(this.wideUvarint());
  }

  /** How many bits are set before the first that is not, up to `most`. */
  ones(most: number): number {
    let count = 0;
    while (count < most && this.isSet()) count += 1;
    return count;
  }

  varbitInt(): number {
    const at = this.bit >>> 3;
    return requireHeld(this.wideVarbitInt(), at);
  }

  varbitUint(): number {
    const at = this.bit >>> 3;
    return requireHeld(this.wideVarbitUint(), at);
  }

  /** chunkenc/varbit.go: signed, in classes of 3 to 64 bits. */
  wideVarbitInt(): Int64 {
    const size = this.varbitSize();
    if (size === 0) return 0;
    if (size === 64) return joinInt64(this.read(32) | 0, this.read(32));
    if (size === 56) {
      const [high, low] = [this.read(24), this.read(32)];
      const isNegative = high > 2 ** 23 || (high === 2 ** 23 && low > 0);
      return joinInt64(isNegative ? high - 2 ** 24 : high, low);
    }
    const value = this.read(size);
    return value > 2 ** (size - 1) ? value - 2 ** size : value;
  }

  /** As wideVarbitInt, unsigned. */
  wideVarbitUint(): Int64 {
    const size = this.varbitSize();
    return size > 32 ? joinInt64(this.read(size - 32), this.read(32)) : this.read(size);
  }

  private varbitSize(): number {
    return varbitSizes[this.ones(8)] as number;
  }
}

const varbitSizes = [0, 3, 6, 9, 12, 18, 25, 56, 64];
