import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the names in a directory durable. As files/atomic-file.ts does it, for synchronous code. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Some network file systems know no fsync of a directory; they make names durable themselves.
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !['EINVAL', 'ENOTSUP', 'EBADF'].includes(code)) throw error;
  } finally {
    closeSync(descriptor);
  }
}
