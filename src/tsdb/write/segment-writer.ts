import type { Compression } from '../bytes/decompress.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { first, fragmentHeaderBytes, full, last, middle, pageBytes } from '../head/wal-fragment.ts';
import { ByteWriter } from './byte-writer.ts';
import { OutputFile } from './output-file.ts';

/** A record as it is stored: still compressed. */
export interface RawRecord {
  readonly compression: Compression;
  readonly bytes: Uint8Array;
}

const flags: Readonly<Record<Compression, number>> = { none: 0, snappy: 0x08, zstd: 0x10 };

/** Writes a segment of a WAL (wal.md): records in pages of 32 KiB, cut into fragments where they do not fit. */
export class SegmentWriter {
  private readonly file: OutputFile;
  private readonly header = new ByteWriter();

  constructor(path: string) {
    this.file = new OutputFile(path);
  }

  write({ compression, bytes }: RawRecord): void {
    if (bytes.length === 0) return;
    for (let at = 0; at < bytes.length;) {
      if (this.left() <= fragmentHeaderBytes) this.file.pad(pageBytes);
      const part = bytes.subarray(at, at + this.left() - fragmentHeaderBytes);
      const isLast = at + part.length === bytes.length;
      this.writeFragment(typeOf(at === 0, isLast) | flags[compression], part);
      at += part.length;
    }
  }

  /** Whole pages, all on the disk. */
  finish(): void {
    this.file.pad(pageBytes);
    this.file.sync();
    this.file.close();
  }

  close(): void {
    this.file.close();
  }

  private left(): number {
    return pageBytes - (this.file.sizeBytes % pageBytes);
  }

  private writeFragment(type: number, part: Uint8Array): void {
    this.file.write(this.header.clear().byte(type).be16(part.length).be32(crc32c(part)).written);
    this.file.write(part);
  }
}

function typeOf(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? full : first;
  return isLast ? last : middle;
}
