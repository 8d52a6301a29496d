import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { FileWindow } from '../bytes/file-window.ts';
import { ByteWriter } from './byte-writer.ts';
import { OutputFile } from './output-file.ts';

export interface SpooledSeries {
  /** Numbers of label pairs, in the order of the labels. */
  readonly pairs: readonly number[];
  /** The chunks as they will stand in the index; valid until the next series. */
  readonly chunks: Uint8Array;
}

/**
 * Series wait here until all are known, since the index begins with a table of their strings, sorted. A file, because
 * the chunks of many series are more than fit into memory.
 */
export class SeriesSpool {
  private readonly file: OutputFile;
  private readonly record = new ByteWriter();
  private readonly length = new ByteWriter();

  constructor(path: string) {
    this.file = new OutputFile(path);
  }

  add(pairs: readonly number[], chunks: Uint8Array): void {
    const record = this.record.clear().uvarint(pairs.length);
    for (const pair of pairs) record.uvarint(pair);
    record.put(chunks);
    this.file.write(this.length.clear().be32(record.length).written);
    this.file.write(record.written);
  }

  /** All series in the order in which they came; the file is gone afterwards. */
  *drain(): Generator<SpooledSeries, void> {
    this.file.sync();
    this.file.close();
    const { path } = this.file;
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const release = (): void => undefined;
      const window = new FileWindow({ path, descriptor, sizeBytes: fstatSync(descriptor).size, release });
      for (let at = 0; at < window.sizeBytes;) {
        const length = new ByteCursor(window.read(at, 4)).be32();
        const cursor = new ByteCursor(window.read(at + 4, length));
        const pairs = Array.from({ length: cursor.uvarint() }, () => cursor.uvarint());
        yield { pairs, chunks: cursor.take(cursor.left) };
        at += 4 + length;
      }
    } finally {
      closeSync(descriptor);
      rmSync(path);
    }
  }

  close(): void {
    this.file.close();
  }
}
