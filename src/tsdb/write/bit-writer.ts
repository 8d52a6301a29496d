import { highInt32, lowInt32, type Int64 } from '../bytes/int64.ts';

/** Writes bits, the highest of a byte first (tsdb/docs/bstream.md); the counterpart of BitCursor. */
export class BitWriter {
  private bytes = new Uint8Array(128);
  private bit = 0;

  /** What has been written, the last byte filled up with zeros; valid until the next write. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, (this.bit + 7) >>> 3);
  }

  /** The lowest `count` bits of a number of up to 32. */
  write(value: number, count: number): void {
    this.need(count);
    for (let left = count; left > 0;) {
      const room = 8 - (this.bit & 7);
      const taken = Math.min(room, left);
      const part = (value >>> (left - taken)) & ((1 << taken) - 1);
      const at = this.bit >>> 3;
      this.bytes[at] = (this.bytes[at] as number) | (part << (room - taken));
      this.bit += taken;
      left -= taken;
    }
  }

  /** The lowest `count` bits of two halves. */
  writeLong(high: number, low: number, count: number): void {
    if (count > 32) this.write(high, count - 32);
    this.write(low, Math.min(32, count));
  }

  /** The lowest `count` bits of a signed number, in two's complement. */
  writeSigned(value: Int64, count: number): void {
    this.writeLong(highInt32(value), lowInt32(value), count);
  }

  bytesOf(bytes: Uint8Array): void {
    for (const byte of bytes) this.write(byte, 8);
  }

  private need(count: number): void {
    if (this.bit + count <= 8 * this.bytes.length) return;
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
