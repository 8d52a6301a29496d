import { decompress as decompressZstd } from 'fzstd';
import { Damage } from '../damage.ts';
import { decompressSnappy } from './snappy.ts';

export type Compression = 'none' | 'snappy' | 'zstd';

/** Prometheus writes records of a few thousand samples; this leaves room for hundreds of times that. */
const maxBytes = 256 << 20;

/** The bytes of a record (tsdb/compression). Throws Damage where they cannot be decompressed. */
export function decompress(compression: Compression, bytes: Uint8Array): Uint8Array {
  if (compression === 'none') return bytes;
  if (compression === 'snappy') return decompressSnappy(bytes, maxBytes);
  try {
    return decompressZstd(bytes);
  } catch (error) {
    throw new Damage('bad-structure', `zstd: ${error instanceof Error ? error.message : String(error)}`, 0);
  }
}
