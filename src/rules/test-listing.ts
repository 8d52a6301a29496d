import { isInOrder, type BlockOnDisk, type TsdbListing } from '../model/block.ts';

/** A block for tests; the name makes its ULID. */
export function testBlock(name: string, block: Partial<BlockOnDisk> = {}): BlockOnDisk {
  const ulid = name.toUpperCase().padStart(26, '0');
  return {
    ulid,
    minTime: 0,
    maxTime: 7_200_000,
    series: 2,
    samples: 100,
    chunks: 2,
    level: 1,
    sources: [ulid],
    parents: [],
    deletable: false,
    hints: [],
    sizeBytes: 1000,
    ...block,
  };
}

export function testListing(blocks: readonly BlockOnDisk[], listing: Partial<TsdbListing> = {}): TsdbListing {
  const endsOfHead = blocks.filter(isInOrder).map((block) => block.maxTime);
  return {
    blocks: [...blocks].sort((a, b) => a.minTime - b.minTime),
    broken: [],
    walBytes: 0,
    headChunksBytes: 0,
    newestBlockMs: endsOfHead.length === 0 ? null : Math.max(...endsOfHead),
    oldestBlockMs: blocks.length === 0 ? null : Math.min(...blocks.map((block) => block.minTime)),
    hasWal: false,
    ...listing,
  };
}
