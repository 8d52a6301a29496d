import { join } from 'node:path';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** Names of files in a block's chunks/, by what the index calls them: 1, 2, 3. */
export type ChunkFiles = ReadonlyMap<number, string>;

/** In the order of their names, whatever their numbers: so Prometheus takes them (chunks.go sequenceFiles). */
export function chunkFilesInOrder(names: readonly string[]): ChunkFiles {
  return new Map(listChunkFiles(names).map((name, index) => [index + 1, name]));
}

/** By their numbers, as they were written (chunks.go segmentFile). */
export function chunkFilesByNumber(names: readonly string[]): ChunkFiles {
  const numbered = listChunkFiles(names).filter((name) => chunkFileName(Number(name)) === name && Number(name) > 0);
  const most = numbered.length + mostMissing;
  return new Map(numbered.flatMap((name) => (Number(name) > most ? [] : [[Number(name), name]])));
}

/** Those that Prometheus takes for chunk files, in its order. Of others it takes no notice. */
export function listChunkFiles(names: readonly string[]): readonly string[] {
  return names.filter(isChunkFileName).sort();
}

/** What strconv.ParseUint takes. */
export function isChunkFileName(name: string): boolean {
  return /^\d+$/.test(name) && BigInt(name) < 1n << 64n;
}

export function chunkFileName(number: number): string {
  return String(number).padStart(6, '0');
}

/** False where a file has another number than its place in the order, so that one is missing or too many. */
export function areInPlace(names: readonly string[]): boolean {
  return listChunkFiles(names).every((name, index) => name === chunkFileName(index + 1));
}

/** A view of the same files in which those of a block's chunks/ have the places that their numbers say. */
export function numberedChunks(files: TsdbFiles, ulid: string): TsdbFiles {
  return {
    ...files,
    list: (path) => {
      if (path !== join(ulid, 'chunks')) return files.list(path);
      const last = Math.max(0, ...chunkFilesByNumber(files.list(path)).keys());
      // What is missing in between keeps its place: it is not there to be opened.
      return Array.from({ length: last }, (_, index) => chunkFileName(index + 1));
    },
  };
}

/** A view of the same files without some of a block's chunks/. */
export function withoutChunkFiles(files: TsdbFiles, ulid: string, left: readonly string[]): TsdbFiles {
  return {
    ...files,
    list: (path) => files.list(path).filter((name) => path !== join(ulid, 'chunks') || !left.includes(name)),
  };
}

/** More missing files than that are none: a number that stands so far off is not its file's place. */
const mostMissing = 1000;
