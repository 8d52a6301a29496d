import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../bytes/crc32c.ts';
import { ByteWriter } from './byte-writer.ts';
import { OutputFile } from './output-file.ts';

/** A chunk as it stands in a block: its bytes are written as they are. Times in ms, both inclusive. */
export interface ChunkToWrite {
  readonly minTime: number;
  readonly maxTime: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

const magic = 0x85bd40dd;
const headerBytes = 8;
/** Length, encoding and checksum around the data, the length at its longest (chunks.go WriteChunks). */
const frameBytes = 5 + 1 + 4;
export const segmentBytes = 512 * 1024 * 1024;

/** Writes chunks/000001 and so on, cut where Prometheus cuts them: the same chunks give the same files. */
export class ChunkWriter {
  private readonly directory: string;
  private readonly maxBytes: number;
  private readonly frame = new ByteWriter();
  private file: OutputFile | undefined;
  private segment = -1;
  /** Of the chunks of this series in this file, at their largest, and where the first began. */
  private batch = { startBytes: 0, bytes: 0 };

  constructor(directory: string, maxBytes = segmentBytes) {
    this.directory = directory;
    this.maxBytes = maxBytes;
    mkdirSync(directory);
  }

  /** Chunks of the next series follow. */
  startSeries(): void {
    this.batch = { startBytes: this.file?.sizeBytes ?? headerBytes, bytes: 0 };
  }

  /** Returns the reference by which the index names it. */
  write({ encoding, data }: ChunkToWrite): number {
    const file = this.fileFor(frameBytes + data.length);
    const reference = this.segment * 2 ** 32 + file.sizeBytes;
    const kind = Uint8Array.of(encoding);
    file.write(this.frame.clear().uvarint(data.length).byte(encoding).written);
    file.write(data);
    file.write(this.frame.clear().be32(crc32c(data, 0, data.length, crc32c(kind))).written);
    return reference;
  }

  /** A block has a chunk file, also where nothing is in it. */
  finish(): void {
    if (this.file === undefined) this.cut();
    this.file?.sync();
    this.close();
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private fileFor(bytes: number): OutputFile {
    this.batch.bytes += bytes;
    const isEmpty = this.file === undefined || this.file.sizeBytes === headerBytes;
    if (this.file !== undefined && (isEmpty || this.batch.startBytes + this.batch.bytes <= this.maxBytes))
      return this.file;
    const file = this.cut();
    this.batch = { startBytes: headerBytes, bytes };
    return file;
  }

  private cut(): OutputFile {
    this.file?.sync();
    this.file?.close();
    this.segment += 1;
    const file = new OutputFile(join(this.directory, String(this.segment + 1).padStart(6, '0')));
    this.file = file;
    file.write(this.frame.clear().be32(magic).byte(1).put(new Uint8Array(3)).written);
    return file;
  }
}
