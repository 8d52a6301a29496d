import { Damage } from '../damage.ts';

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
    return this.longUvarint();
  }

  varint(): number {
    const folded = this.uvarint();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  private longUvarint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      if (this.at >= this.end) throw new Damage('truncated', 'a number is cut off', this.at);
      const byte = this.bytes[this.at] as number;
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new Damage('out-of-range', 'a variable-length number is too large', this.at);
  }
}
