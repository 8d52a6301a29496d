import { crc32c } from '../bytes/crc32c.ts';
import { ByteWriter } from './byte-writer.ts';
import { OutputFile } from './output-file.ts';

/** What was deleted of a series, both ends inclusive. */
export interface SeriesDeletion {
  readonly reference: number;
  readonly intervals: readonly (readonly [fromMs: number, toMs: number])[];
}

const magic = 0x0130ba30;
const version = 1;

/** Writes a block's tombstones (tombstones.md); a block has that file also where nothing was deleted. */
export function writeTombstones(path: string, deletions: readonly SeriesDeletion[]): void {
  const stones = new ByteWriter();
  for (const { reference, intervals } of deletions) {
    for (const [fromMs, toMs] of intervals) stones.uvarint(reference).varint(fromMs).varint(toMs);
  }
  const file = new OutputFile(path);
  try {
    file.write(new ByteWriter().be32(magic).byte(version).written);
    file.write(stones.written);
    // Magic number and version are no part of it.
    file.write(new ByteWriter().be32(crc32c(stones.written)).written);
    file.sync();
  } finally {
    file.close();
  }
}
