import { join } from 'node:path';
import { FileWindow } from '../bytes/file-window.ts';
import { requireFirstTime } from '../chunk/first-time.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { areInPlace, chunkFileName, listChunkFiles, numberedChunks } from './chunk-files.ts';
import { ChunkSegments } from './chunk-segments.ts';
import { readIndexHeader } from './index-header.ts';
import { readSeries, type ChunkMeta } from './series-reader.ts';
import { readSymbols } from './symbols.ts';

/**
 * The first chunk file of a block, as its index counts them, in whose place another one stands: a file is missing, or one too
 * many. What is found there by chance, as a chunk of the same size, is not what was looked for. Infinity where Prometheus,
 * which takes them in their order, finds as much as by their numbers.
 */
export function findMisplaced(files: TsdbFiles, ulid: string): number {
  const names = listChunkFiles(files.list(join(ulid, 'chunks')));
  if (areInPlace(names)) return Infinity;
  const unread = countUnread(files, ulid);
  if (unread === 0 || unread <= countUnread(numberedChunks(files, ulid), ulid)) return Infinity;
  return 1 + names.findIndex((name, index) => name !== chunkFileName(index + 1));
}

/** How many chunks cannot be read. */
function countUnread(files: TsdbFiles, ulid: string): number {
  let unread = 0;
  let index: FileWindow | undefined;
  const segments = new ChunkSegments(files, join(ulid, 'chunks'), { onRead: () => undefined });
  try {
    index = new FileWindow(files.open(join(ulid, 'index')));
    const header = readIndexHeader(index);
    for (const entry of readSeries(index, header, readSymbols(index, header))) {
      if ('damage' in entry) continue;
      for (const chunk of entry.chunks) if (!isThere(chunk, segments)) unread += 1;
    }
  } catch (error) {
    // Whoever reads the index says what is wrong with it.
    if (!(error instanceof Damage)) throw error;
  } finally {
    index?.close();
    segments.close();
  }
  return unread;
}

function isThere(chunk: ChunkMeta, segments: ChunkSegments): boolean {
  try {
    const { encoding, data } = segments.read(chunk.segment, chunk.offset);
    requireFirstTime(encoding, data, chunk);
    return true;
  } catch (error) {
    if (error instanceof Damage) return false;
    throw error;
  }
}
