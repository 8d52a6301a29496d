import { join } from 'node:path';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** What WAL, WBL and head chunks take, which size retention counts. */
export function headBytesIn(files: TsdbFiles): number {
  const sizeOf = (path: string): number => {
    try {
      const opened = files.open(path);
      opened.release();
      return opened.sizeBytes;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      // A directory, as a checkpoint is, or what is no file of Prometheus.
      return files.list(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
    }
  };
  const parts = ['wal', 'wbl', 'chunks_head'];
  return parts
    .flatMap((part) => files.list(part).map((name) => sizeOf(join(part, name))))
    .reduce((sum, size) => sum + size, 0);
}
