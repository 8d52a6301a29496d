import { closeSync, constants, fsyncSync, openSync, writeSync } from 'node:fs';
import { crc32c } from '../bytes/crc32c.ts';

const bufferBytes = 1 << 20;

/**
 * A new file that is written from its beginning to its end, through a buffer. Synchronous, as all of this library. The
 * file must not exist: nothing is written over.
 */
export class OutputFile {
  readonly path: string;
  private readonly descriptor: number;
  private readonly buffer = Buffer.allocUnsafe(bufferBytes);
  private buffered = 0;
  private flushed = 0;
  private checksum = 0;
  private isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(
      path,
      constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_NOFOLLOW,
      0o644,
    );
  }

  get sizeBytes(): number {
    return this.flushed + this.buffered;
  }

  write(bytes: Uint8Array): void {
    this.checksum = crc32c(bytes, 0, bytes.length, this.checksum);
    if (bytes.length > bufferBytes - this.buffered) this.flush();
    if (bytes.length > bufferBytes) {
      this.writeAll(bytes, this.flushed);
      this.flushed += bytes.length;
      return;
    }
    this.buffer.set(bytes, this.buffered);
    this.buffered += bytes.length;
  }

  /** Zeros up to the next multiple. */
  pad(multiple: number): void {
    const over = this.sizeBytes % multiple;
    if (over > 0) this.write(new Uint8Array(multiple - over));
  }

  /** From here on a checksum is added up. */
  startChecksum(): void {
    this.checksum = 0;
  }

  /** CRC-32C of what was written since then, behind it. */
  writeChecksum(): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.checksum);
    this.write(bytes);
  }

  /** Fills in what was left out before, as a length; the checksum takes no notice. */
  patch(offset: number, bytes: Uint8Array): void {
    this.flush();
    this.writeAll(bytes, offset);
  }

  /** All of it is on the disk when this returns. */
  sync(): void {
    this.flush();
    fsyncSync(this.descriptor);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.descriptor);
  }

  private flush(): void {
    this.writeAll(this.buffer.subarray(0, this.buffered), this.flushed);
    this.flushed += this.buffered;
    this.buffered = 0;
  }

  private writeAll(bytes: Uint8Array, at: number): void {
    let done = 0;
    while (done < bytes.length) done += writeSync(this.descriptor, bytes, done, bytes.length - done, at + done);
  }
}
