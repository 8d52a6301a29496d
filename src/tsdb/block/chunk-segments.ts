import { join } from 'node:path';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { chunkFileName, chunkFilesInOrder, type ChunkFiles } from './chunk-files.ts';

export interface RawChunk {
  readonly encoding: number;
  /** Valid until the next chunk is read. */
  readonly data: Uint8Array;
}

export interface ReadingOptions {
  readonly onRead: (bytes: number) => void;
  /** What is read into, where it is large enough. */
  readonly buffer?: Uint8Array<ArrayBuffer>;
}

/** Its first bytes, nearly always two of them. No object is made but one: this runs for each chunk. */
function readLength(file: FileWindow, offset: number): { readonly length: number; readonly lengthBytes: number } {
  const most = Math.max(0, Math.min(longestLength, file.sizeBytes - offset));
  const from = file.locate(offset, most);
  const { bytes } = file;
  let length = 0;
  let scale = 1;
  for (let count = 0; count < most; count += 1) {
    const byte = bytes[from + count] as number;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return { length, lengthBytes: count + 1 };
    scale *= 128;
  }
  if (most < longestLength) throw new Damage('truncated', `the file ends at byte ${file.sizeBytes}`, offset);
  throw new Damage('bad-structure', 'the length of a chunk is no number', offset);
}

function be32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return ((high << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

/** What has been read of a file, whose chunks lie in the order of their series. */
interface Coverage {
  /** End of what has been read. */
  to: number;
  /** Where the first bytes begin that nobody asked for. */
  gapAt: number | null;
  sizeBytes: number;
}

function cover(coverage: Coverage, from: number, to: number): void {
  if (from > coverage.to) coverage.gapAt ??= coverage.to;
  coverage.to = Math.max(coverage.to, to);
}

const magic = 0x85bd40dd;
const headerBytes = 8;
const longestLength = 5;

/** The files of a block's chunks/, one of which is open at a time: chunks are asked for in the order of the series. */
export class ChunkSegments {
  private readonly files: TsdbFiles;
  private readonly directory: string;
  private readonly reading: ReadingOptions;
  /** Listed once the first of them is asked for. */
  private names: ChunkFiles | undefined;
  private readonly seen = new Map<number, Coverage>();
  private open: { readonly number: number; readonly file: FileWindow; readonly coverage: Coverage } | undefined;

  constructor(files: TsdbFiles, directory: string, reading: ReadingOptions) {
    this.files = files;
    this.directory = directory;
    this.reading = reading;
  }

  /** Throws Damage, also where the file is not there. */
  read(segment: number, offset: number): RawChunk {
    const { file, coverage } = this.openOf(segment);
    const { length, lengthBytes } = readLength(file, offset);
    const total = lengthBytes + 1 + length + 4;
    const from = file.locate(offset, total);
    const { bytes } = file;
    const at = from + lengthBytes;
    const end = from + total - 4;
    if (crc32c(bytes, at, end) !== be32(bytes, end)) {
      throw new Damage('bad-checksum', 'a chunk has a wrong checksum', offset);
    }
    cover(coverage, offset, offset + total);
    return { encoding: bytes[at] as number, data: bytes.subarray(at + 1, end) };
  }

  /** Opens those that were not asked for too: Prometheus does, and opens no block with one that does not begin as one. */
  checkOthers(onDamage: (path: string, damage: Damage) => void): void {
    for (const segment of this.listed().keys()) {
      if (this.seen.has(segment)) continue;
      try {
        this.openOf(segment);
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        onDamage(this.pathOf(segment), error);
      }
    }
  }

  /** Once everything has been read: where bytes begin that belong to no chunk that was asked for. */
  listUncovered(): readonly { readonly path: string; readonly offset: number }[] {
    return [...this.seen].flatMap(([segment, { to, gapAt, sizeBytes }]) => {
      const offset = gapAt ?? (to < sizeBytes ? to : null);
      return offset === null ? [] : { path: this.pathOf(segment), offset };
    });
  }

  close(): void {
    this.open?.file.close();
    this.open = undefined;
  }

  pathOf(segment: number): string {
    return join(this.directory, this.listed().get(segment) ?? chunkFileName(segment));
  }

  private listed(): ChunkFiles {
    this.names ??= chunkFilesInOrder(this.files.list(this.directory));
    return this.names;
  }

  private openOf(segment: number): { readonly file: FileWindow; readonly coverage: Coverage } {
    if (this.open?.number === segment) return this.open;
    this.close();
    const coverage = this.seen.get(segment) ?? { to: headerBytes, gapAt: null, sizeBytes: 0 };
    this.seen.set(segment, coverage);
    const names = this.listed();
    if (!names.has(segment) && names.size > 0) {
      throw new Damage(
        'missing',
        `is not there: chunks/ holds ${names.size} files, taken in the order of their names`,
        0,
      );
    }
    const file = new FileWindow(this.files.open(this.pathOf(segment)), this.reading.onRead, this.reading.buffer);
    coverage.sizeBytes = file.sizeBytes;
    this.open = { number: segment, file, coverage };
    const head = new ByteCursor(file.read(0, headerBytes));
    if (head.be32() !== magic) throw new Damage('bad-magic', 'a chunk file does not begin as one', 0);
    if (head.byte() !== 1) throw new Damage('bad-version', 'a chunk file has an unknown version', 4);
    return this.open;
  }
}
