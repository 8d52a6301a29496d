import { ChunkSegments } from './chunk-segments.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** Prometheus opens every file in chunks/, also one that no series refers to, and no block where one does not begin as such. */
export function checkChunkFiles(files: TsdbFiles, directory: string, onDamage: (words: string) => void): void {
  const segments = new ChunkSegments(files, directory, { onRead: () => undefined });
  segments.checkOthers((path, { offset, message }) => onDamage(`${path} at byte ${offset}: ${message}`));
  segments.close();
}
