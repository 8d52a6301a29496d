import { createHash } from 'node:crypto';
import { BlockReader } from '../block/block-reader.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { ByteWriter } from './byte-writer.ts';
import type { ChunkToWrite } from './chunk-writer.ts';
import { chunksToCopy } from './chunks-to-copy.ts';
import { seriesToCopy } from './series-to-copy.ts';

/** A hash over what a block holds, in its order: docs/format/quarantine.md. */
export class ContentDigest {
  private readonly hash = createHash('sha256');
  private readonly words = new ByteWriter();

  add(labels: readonly Uint8Array[], { minTime, maxTime, encoding, data }: ChunkToWrite): void {
    const words = this.words.clear().uvarint(labels.length);
    for (const label of labels) words.uvarintBytes(label);
    words.be64(minTime).be64(maxTime).byte(encoding).uvarint(data.length);
    this.hash.update(words.written).update(data);
  }

  finish(): string {
    return this.hash.digest('hex');
  }
}

export interface BlockToDigest {
  readonly files: TsdbFiles;
  readonly ulid: string;
  /** As meta.json counts them, or null. */
  readonly series: number | null;
  readonly onRead: (bytes: number) => void;
}

/** Of what a copy of the block would hold. Throws Damage where nothing of it can be read. */
export function digestOfCopy({ files, ulid, series, onRead }: BlockToDigest): string {
  const onDamage = (): void => undefined;
  const reader = new BlockReader(files, ulid, { seriesCount: series, onDamage, onRead });
  try {
    const digest = new ContentDigest();
    for (const entry of seriesToCopy(reader, onDamage)) {
      for (const chunk of chunksToCopy(reader, entry, onDamage)) digest.add(entry.labels, chunk);
    }
    return digest.finish();
  } finally {
    reader.close();
  }
}
