import { readSync } from 'node:fs';
import { Damage } from '../damage.ts';
import type { OpenedFile } from '../files/tsdb-files.ts';

export const windowBytes = 1 << 20;

/**
 * A file that is read forwards through a window of 1 MiB, so that memory does not grow with the file. Synchronous: it is
 * used where nothing else waits, in a worker thread.
 */
export class FileWindow {
  readonly path: string;
  readonly sizeBytes: number;
  private readonly opened: OpenedFile;
  private readonly onRead: (bytes: number) => void;
  private window: Uint8Array = new Uint8Array(0);
  private windowAt = 0;
  private buffer: Uint8Array<ArrayBuffer>;

  /** `buffer` is read into as long as it is large enough: one of the kernel makes checksums faster (crc32c-kernel.ts). */
  constructor(
    opened: OpenedFile,
    onRead: (bytes: number) => void = () => undefined,
    buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0),
  ) {
    this.opened = opened;
    this.path = opened.path;
    this.sizeBytes = opened.sizeBytes;
    this.onRead = onRead;
    this.buffer = buffer;
  }

  /** `length` bytes at `offset`; valid until the next call. Throws Damage past the end of the file. */
  read(offset: number, length: number): Uint8Array {
    const from = this.locate(offset, length);
    return this.window.subarray(from, from + length);
  }

  /** What the window holds now; `locate` says what is where in it. */
  get bytes(): Uint8Array {
    return this.window;
  }

  /** As `read`, but only the place in `bytes`, valid until the next call: for what is read millions of times. */
  locate(offset: number, length: number): number {
    const from = offset - this.windowAt;
    if (from >= 0 && length >= 0 && from + length <= this.window.length) return from;
    this.requireWithin(offset, length);
    this.load(offset, length);
    return 0;
  }

  /** Throws Damage where there are not so many bytes. */
  requireWithin(offset: number, length: number): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.sizeBytes) return;
    throw new Damage('truncated', `${length} bytes at ${offset} are wanted of ${this.sizeBytes}`, offset);
  }

  /** As many bytes as there are, up to `length`. */
  readUpTo(offset: number, length: number): Uint8Array {
    return this.read(offset, Math.max(0, Math.min(length, this.sizeBytes - offset)));
  }

  close(): void {
    this.opened.release();
  }

  private load(offset: number, length: number): void {
    const wanted = Math.min(Math.max(length, windowBytes), this.sizeBytes - offset);
    if (this.buffer.length < wanted || this.buffer.length > 4 * Math.max(wanted, windowBytes)) {
      this.buffer = new Uint8Array(wanted);
    }
    let filled = 0;
    while (filled < wanted) {
      const count = readSync(this.opened.descriptor, this.buffer, filled, wanted - filled, offset + filled);
      if (count === 0) throw new Damage('truncated', 'the file has become shorter while it was read', offset + filled);
      filled += count;
    }
    this.onRead(wanted);
    this.window = this.buffer.subarray(0, wanted);
    this.windowAt = offset;
  }
}
