import { Damage } from '../damage.ts';

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

  /** A signed 64-bit number that a double can hold exactly. */
  int64(): number {
    return this.join(this.read(32) | 0);
  }

  /** Go's binary.ReadUvarint over the bit stream. */
  uvarint(): number {
    const from = this.bit >>> 3;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = this.read(8);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new Damage('out-of-range', 'a variable-length number is too large', from);
  }

  varint(): number {
    const folded = this.uvarint();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  /** How many bits are set before the first that is not, up to `most`. */
  ones(most: number): number {
    let count = 0;
    while (count < most && this.isSet()) count += 1;
    return count;
  }

  /** chunkenc/varbit.go: signed, in classes of 3 to 64 bits. */
  varbitInt(): number {
    const size = this.varbitSize();
    if (size === 0) return 0;
    if (size === 64) return this.int64();
    if (size === 56) return this.join((this.read(24) << 8) >> 8);
    const value = this.read(size);
    return value > 2 ** (size - 1) ? value - 2 ** size : value;
  }

  /** As varbitInt, unsigned. */
  varbitUint(): number {
    const size = this.varbitSize();
    return size > 32 ? this.join(this.read(size - 32)) : this.read(size);
  }

  /** A number of which the upper part is known and the lower 32 bits come next. */
  private join(upper: number): number {
    const at = this.bit >>> 3;
    const value = upper * 2 ** 32 + this.read(32);
    if (!Number.isSafeInteger(value)) throw new Damage('out-of-range', 'a 64-bit number is too large', at);
    return value;
  }

  private varbitSize(): number {
    return varbitSizes[this.ones(8)] as number;
  }
}

const varbitSizes = [0, 3, 6, 9, 12, 18, 25, 56, 64];
