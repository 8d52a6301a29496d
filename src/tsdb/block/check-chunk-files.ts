import { join } from 'node:path';
import { ChunkSegments } from './chunk-segments.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** Prometheus opens every file in chunks/, also one that no series refers to, and no block where one does not begin as such. */
export function checkChunkFiles(files: TsdbFiles, directory: string, onDamage: (words: string) => void): void {
  const names = files.list(directory).filter((name) => /^\d{6}$/.test(name));
  const segments = new ChunkSegments(files, directory, { onRead: () => undefined });
  for (const name of names) {
    try {
      segments.checkHeader(Number(name));
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      onDamage(`${join(directory, name)} at byte ${error.offset}: ${error.message}`);
    }
  }
  segments.close();
}
