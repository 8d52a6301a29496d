import { join } from 'node:path';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** Of index and chunks; nothing of a file that cannot be opened, which is told to whoever reads it. */
export function sizeOfBlock(files: TsdbFiles, ulid: string): number {
  const sizeOf = (name: string): number => {
    try {
      const file = files.open(join(ulid, name));
      file.release();
      return file.sizeBytes;
    } catch {
      return 0;
    }
  };
  const chunks = listChunks(files, ulid).map((name) => join('chunks', name));
  return ['index', ...chunks].reduce((sum, name) => sum + sizeOf(name), 0);
}

function listChunks(files: TsdbFiles, ulid: string): readonly string[] {
  try {
    return files.list(join(ulid, 'chunks'));
  } catch {
    return [];
  }
}
