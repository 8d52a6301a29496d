import { join } from 'node:path';
import { FileWindow } from '../bytes/file-window.ts';
import { findNonZero } from '../bytes/zero-run.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listNumbered, readHeadChunkFile } from './head-chunks.ts';

/** Where a head chunk file ends for Prometheus, which passes over what is behind that. */
export interface HiddenChunks {
  readonly path: string;
  readonly offset: number;
}

/** Head chunk files with something behind the zeros that end them. Nobody writes there; what is damaged is told by whoever counts. */
export function listHiddenChunks(files: TsdbFiles): readonly HiddenChunks[] {
  return listNumbered(files, 'chunks_head').flatMap((name) => {
    const path = join('chunks_head', name);
    let file: FileWindow | undefined;
    try {
      file = new FileWindow(files.open(path));
      const offset = readHeadChunkFile(file, () => undefined);
      return findNonZero(file, offset, file.sizeBytes) === undefined ? [] : [{ path, offset }];
    } catch (error) {
      if (error instanceof Damage) return [];
      throw error;
    } finally {
      file?.close();
    }
  });
}
