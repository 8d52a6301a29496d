/** Bytes that are put together, in memory that grows; the counterpart of ByteCursor. */
export class ByteWriter {
  private bytes = Buffer.alloc(256);
  private filled = 0;

  get length(): number {
    return this.filled;
  }

  /** What has been written; valid until the next write. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.filled);
  }

  clear(): this {
    this.filled = 0;
    return this;
  }

  byte(value: number): this {
    this.need(1);
    this.bytes[this.filled] = value;
    this.filled += 1;
    return this;
  }

  be16(value: number): this {
    this.need(2);
    this.filled = this.bytes.writeUInt16BE(value, this.filled);
    return this;
  }

  be32(value: number): this {
    this.need(4);
    this.filled = this.bytes.writeUInt32BE(value, this.filled);
    return this;
  }

  /** A signed 64-bit number that a double holds exactly. */
  be64(value: number): this {
    this.need(8);
    this.bytes.writeInt32BE(Math.floor(value / 2 ** 32), this.filled);
    this.filled = this.bytes.writeUInt32BE(value - Math.floor(value / 2 ** 32) * 2 ** 32, this.filled + 4);
    return this;
  }

  /** Go's binary.PutUvarint. */
  uvarint(value: number): this {
    this.need(10);
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.filled] = (rest % 128) | 0x80;
      this.filled += 1;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.filled] = rest;
    this.filled += 1;
    return this;
  }

  /** Go's binary.PutVarint: zigzag. Within 2^52, as all times and differences of offsets are. */
  varint(value: number): this {
    return this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  put(bytes: Uint8Array): this {
    this.need(bytes.length);
    this.bytes.set(bytes, this.filled);
    this.filled += bytes.length;
    return this;
  }

  uvarintBytes(bytes: Uint8Array): this {
    return this.uvarint(bytes.length).put(bytes);
  }

  private need(count: number): void {
    if (this.filled + count <= this.bytes.length) return;
    const larger = Buffer.alloc(Math.max(2 * this.bytes.length, this.filled + count));
    this.bytes.copy(larger, 0, 0, this.filled);
    this.bytes = larger;
  }
}
