import { join } from 'node:path';
import { readMetas } from '../block/read-metas.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listNumbered, readHeadChunks } from './head-chunks.ts';

/** Samples that nobody can say the labels of. */
export interface NamelessChunks {
  readonly samples: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Head chunks that are newer than every block, where not a byte is left of the WAL, which alone says whose they are. Prometheus
 * passes over them in silence. Undefined where there is a WAL, or nothing in chunks_head/ that is not in blocks.
 */
export function findNamelessChunks(files: TsdbFiles): NamelessChunks | undefined {
  if (listNumbered(files, 'chunks_head').length === 0) return undefined;
  if (files.listLinks().includes('wal') || holdsBytes(files, 'wal')) return undefined;
  const blocksEndMs = readMetas(files, () => undefined).reduce((end, { maxTime }) => Math.max(end, maxTime), -Infinity);
  let [samples, fromMs, toMs] = [0, Infinity, -Infinity];
  readHeadChunks(files, {
    onChunk: ({ minTime, maxTime, data }) => {
      if (maxTime < blocksEndMs || data.length < 2) return;
      // Every encoding begins with the number of its samples.
      samples += ((data[0] as number) << 8) | (data[1] as number);
      fromMs = Math.min(fromMs, minTime);
      toMs = Math.max(toMs, maxTime);
    },
    // It is told by whoever counts them.
    onDamage: () => undefined,
  });
  return samples === 0 ? undefined : { samples, fromMs, toMs };
}

/** Whether any segment, also one of a checkpoint, has a byte; one that cannot be opened is told where it is read. */
function holdsBytes(files: TsdbFiles, directory: string): boolean {
  return files.list(directory).some((name) => {
    const path = join(directory, name);
    if (/^checkpoint\.\d+$/.test(name)) return holdsBytes(files, path);
    return /^\d+$/.test(name) && mayHoldBytes(files, path);
  });
}

function mayHoldBytes(files: TsdbFiles, path: string): boolean {
  try {
    const file = files.open(path);
    file.release();
    return file.sizeBytes > 0;
  } catch (error) {
    if (error instanceof Damage) return true;
    throw error;
  }
}
