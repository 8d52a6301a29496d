import { closeSync, constants, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/**
 * A file for what does not fit into memory. It has no name from its first moment on, so that nothing of it is left
 * wherever the process ends. Written at its end, read anywhere.
 */
export class SpoolFile {
  sizeBytes = 0;
  private readonly descriptor: number;

  /** What a process that was killed in this very moment has left is removed first. */
  constructor(path: string) {
    rmSync(path, { force: true });
    const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW } = constants;
    this.descriptor = openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
    rmSync(path);
  }

  append(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      const count = writeSync(this.descriptor, bytes, done, bytes.length - done, this.sizeBytes);
      done += count;
      this.sizeBytes += count;
    }
  }

  /** Fills `into` from `offset` on. */
  read(into: Uint8Array, offset: number): void {
    let done = 0;
    while (done < into.length) {
      const count = readSync(this.descriptor, into, done, into.length - done, offset + done);
      if (count === 0) throw new Error('A spool has become shorter while it was read.');
      done += count;
    }
  }

  /** Gives its room on the disk back. */
  empty(): void {
    ftruncateSync(this.descriptor, 0);
    this.sizeBytes = 0;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
