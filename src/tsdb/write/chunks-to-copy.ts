import type { BlockDamage, BlockReader } from '../block/block-reader.ts';
import type { ChunkMeta, SeriesEntry } from '../block/series-reader.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import type { SampleSink } from '../chunk/sample-sink.ts';
import { Damage } from '../damage.ts';
import type { ChunkToWrite } from './chunk-writer.ts';

/** The chunks of a series that can be believed, as they are stored; each is valid until the next. What cannot be is told. */
export function* chunksToCopy(
  reader: BlockReader,
  entry: SeriesEntry,
  onDamage: (damage: BlockDamage) => void,
): Generator<ChunkToWrite, void> {
  let lastTime = -Infinity;
  for (const chunk of entry.chunks) {
    const raw = reader.readRaw(entry, chunk);
    if (raw === undefined) continue;
    const copied = { minTime: chunk.minTime, maxTime: chunk.maxTime, ...raw };
    const damage = findDamageIn(copied, lastTime);
    if (damage !== undefined) {
      onDamage(asBlockDamage(entry, chunk, { damage, file: reader.fileOf(chunk) }));
      continue;
    }
    lastTime = chunk.maxTime;
    yield copied;
  }
}

/** Bytes with a right checksum that are no chunk all the same, or one out of its order, which no index may hold. */
function findDamageIn(chunk: ChunkToWrite, lastTime: number): Damage | undefined {
  if (chunk.minTime <= lastTime) return new Damage('bad-structure', 'a chunk overlaps the one before', 0);
  try {
    decodeChunk(chunk.encoding, chunk.data, nowhere);
  } catch (error) {
    // A later Prometheus may know what it is: it is copied as it stands.
    if (error instanceof Damage && error.rule !== 'unknown-encoding') return error;
    if (!(error instanceof Damage)) throw error;
  }
  return undefined;
}

function asBlockDamage(
  { labels }: SeriesEntry,
  { offset, minTime: fromMs, maxTime: toMs }: ChunkMeta,
  { damage, file }: { readonly damage: Damage; readonly file: string },
): BlockDamage {
  return { file, offset, damage, labels, fromMs, toMs };
}

const nowhere: SampleSink = { float: () => undefined, histogram: () => undefined };
