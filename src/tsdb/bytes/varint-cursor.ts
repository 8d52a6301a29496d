import { Damage } from '../damage.ts';
import { readLongUvarint, requireHeld, shortBytes, unfold, type Int64 } from './int64.ts';

const nothing = new Uint8Array(0);

/** As ByteCursor, for variable-length numbers alone: used again for the next bytes, where there are millions of them. */
export class VarintCursor {
  bytes: Uint8Array = nothing;
  at = 0;
  end = 0;

  /** `end` lies within the bytes. */
  reset(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Go's binary.Uvarint; larger than 2^53 is damage. */
  uvarint(): number {
    if (this.at < this.end) {
      const byte = this.bytes[this.at] as number;
      if (byte < 0x80) {
        this.at += 1;
        return byte;
      }
    }
    const { at } = this;
    return requireHeld(this.wideUvarint(), at);
  }

  varint(): number {
    const { at } = this;
    return requireHeld(unfold(this.wideUvarint()), at);
  }

  private wideUvarint(): Int64 {
    const from = this.at;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < shortBytes; count += 1) {
      const byte = this.next();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.at = from;
    return readLongUvarint(() => this.next(), from);
  }

  private next(): number {
    if (this.at >= this.end) throw new Damage('truncated', 'a number is cut off', this.at);
    const byte = this.bytes[this.at] as number;
    this.at += 1;
    return byte;
  }
}
