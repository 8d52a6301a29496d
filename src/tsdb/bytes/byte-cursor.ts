import { Damage } from '../damage.ts';

/** Reads numbers and strings from bytes, never past their end. */
export class ByteCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (at < 0 || at > end || end > bytes.length) throw new Damage('truncated', `there is no byte ${at}`, at);
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Makes sure that `count` bytes are left. */
  need(count: number): void {
    if (count > this.end - this.at || count < 0) {
      throw new Damage('truncated', `${count} bytes are wanted and ${this.end - this.at} are left`, this.at);
    }
  }

  skip(count: number): void {
    this.need(count);
    this.at += count;
  }

  byte(): number {
    this.need(1);
    const value = this.bytes[this.at] as number;
    this.at += 1;
    return value;
  }

  /** A part of the same memory, not a copy. */
  take(count: number): Uint8Array {
    this.need(count);
    const part = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return part;
  }

  be16(): number {
    this.need(2);
    const value = this.view.getUint16(this.at);
    this.at += 2;
    return value;
  }

  be32(): number {
    this.need(4);
    const value = this.view.getUint32(this.at);
    this.at += 4;
    return value;
  }

  /** A signed 64-bit number that a double can hold exactly; anything else is damage. */
  be64(): number {
    this.need(8);
    const high = this.view.getInt32(this.at);
    const low = this.view.getUint32(this.at + 4);
    const value = high * 2 ** 32 + low;
    if (!Number.isSafeInteger(value)) throw new Damage('out-of-range', 'a 64-bit number is too large', this.at);
    this.at += 8;
    return value;
  }

  /** Go's binary.Uvarint; larger than 2^53 is damage. */
  uvarint(): number {
    const from = this.at;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new Damage('out-of-range', 'a variable-length number is too large', from);
  }

  /** Go's binary.Varint: zigzag. */
  varint(): number {
    const folded = this.uvarint();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  /** As varint; Go's smallest and largest int64, which stand for no bound, are infinite. */
  varintOrInfinity(): number {
    const from = this.at;
    let ends = from;
    while (ends < this.end && (this.bytes[ends] as number) >= 0x80) ends += 1;
    // All 64 bits set, the lowest being the sign: ten bytes, of which nine are full but for the first's lowest bit.
    if (ends - from !== 9) return this.varint();
    const isNegative = ((this.bytes[from] as number) & 1) === 1;
    this.at = ends;
    this.skip(1);
    return isNegative ? -Infinity : Infinity;
  }

  /** Bytes that a uvarint counts. */
  uvarintBytes(): Uint8Array {
    return this.take(this.uvarint());
  }
}
