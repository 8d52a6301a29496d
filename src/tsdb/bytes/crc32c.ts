import { checksumInKernel } from './crc32c-kernel.ts';
import { crc32cTables } from './crc32c-tables.ts';

const tables = crc32cTables(8);

/**
 * CRC-32C (Castagnoli), as everything in a TSDB is checksummed (tsdb/docs/format/*.md). `before` continues an earlier
 * call. Slice-by-8: as fast on the 150 bytes of a chunk as on a megabyte (docs/adr/0008). What lies in a buffer of the
 * kernel is done there, which is twice as fast.
 */
export function crc32c(data: Uint8Array, start = 0, end = data.length, before = 0): number {
  const done = checksumInKernel(data, start, end, before);
  if (done !== undefined) return done;
  let crc = ~before;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low =
      crc ^
      (byteAt(data, at) | (byteAt(data, at + 1) << 8) | (byteAt(data, at + 2) << 16) | (byteAt(data, at + 3) << 24));
    crc =
      entry(1792 + (low & 255)) ^
      entry(1536 + ((low >>> 8) & 255)) ^
      entry(1280 + ((low >>> 16) & 255)) ^
      entry(1024 + (low >>> 24)) ^
      entry(768 + byteAt(data, at + 4)) ^
      entry(512 + byteAt(data, at + 5)) ^
      entry(256 + byteAt(data, at + 6)) ^
      entry(byteAt(data, at + 7));
  }
  for (; at < end; at += 1) crc = entry((crc ^ byteAt(data, at)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Callers stay inside of the array: its length is what they loop over. */
function byteAt(data: Uint8Array, at: number): number {
  return data[at] as number;
}

function entry(at: number): number {
  return tables[at] as number;
}
