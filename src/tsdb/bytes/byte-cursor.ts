import { Damage } from '../damage.ts';
import { joinInt64, readLongUvarint, requireHeld, shortBytes, unfold, type Int64 } from './int64.ts';

const smallest = -(2n ** 63n);
const largest = 2n ** 63n - 1n;

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

  /** A signed 64-bit number. */
  wideBe64(): Int64 {
    this.need(8);
    const value = joinInt64(this.view.getInt32(this.at), this.view.getUint32(this.at + 4));
    this.at += 8;
    return value;
  }

  /** As wideBe64; what a double does not hold exactly is damage. */
  be64(): number {
    return requireHeld(this.wideBe64(), this.at - 8);
  }

  /** Go's binary.Uvarint. */
  wideUvarint(): Int64 {
    const from = this.at;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < shortBytes; count += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.at = from;
    return readLongUvarint(() => this.byte(), from);
  }

  /** As wideUvarint; larger than 2^53 is damage. */
  uvarint(): number {
    const from = this.at;
    return requireHeld(this.wideUvarint(), from);
  }

  /** Go's binary.Varint: zigzag. */
  wideVarint(): Int64 {
    return unfold(this.wideUvarint());
  }

  varint(): number {
    const from = this.at;
    return requireHeld(this.wideVarint(), from);
  }

  /** A bound of times: Go's smallest and largest int64, which stand for none, are infinite. Others beyond all times are rounded. */
  bound(): number {
    const value = this.wideVarint();
    if (value === smallest) return -Infinity;
    return value === largest ? Infinity : Number(value);
  }

  /** Bytes that a uvarint counts. */
  uvarintBytes(): Uint8Array {
    return this.take(this.uvarint());
  }
}
