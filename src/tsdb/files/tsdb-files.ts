import type { BlockMeta } from '../../model/block.ts';

/** One open file. `release` gives it back to whoever opened it. */
export interface OpenedFile {
  /** As messages name it. */
  readonly path: string;
  readonly descriptor: number;
  /** What is read of it: a file that grows is read up to here. */
  readonly sizeBytes: number;
  release(): void;
}

/**
 * The files of a TSDB by their paths below its data directory, wherever that lies. Throws Damage `missing` for a file that
 * is not there and `bad-structure` for what is no regular file; symlinks are not followed.
 */
export interface TsdbFiles {
  /** Names in a directory; none where there is no such directory. What should be a directory and is none is left out. */
  list(directory: string): readonly string[];
  /** Symlinks where directories belong, by their paths: nothing behind them is listed or opened. */
  listLinks(): readonly string[];
  open(path: string): OpenedFile;
  /** What a block is taken for whose meta.json is not to be asked. */
  findMeta?(block: string): BlockMeta | undefined;
}
