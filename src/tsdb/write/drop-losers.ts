import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { DroppedSamples } from '../../model/tsdb-union.ts';
import { BlockReader, type BlockDamage } from '../block/block-reader.ts';
import { readMetas } from '../block/read-metas.ts';
import type { ChunkMeta, SeriesEntry } from '../block/series-reader.ts';
import { isDeleted } from '../block/tombstones.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { isStaleMarker, staleHigh, staleLow, type SampleSink } from '../chunk/sample-sink.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { compareLabels, mergeBlocks, type MergedSeries } from '../inventory/merge-blocks.ts';
import { hashed, hashFloat, hashHistogram } from '../inventory/sample-digest.ts';
import { OutputFile } from './output-file.ts';
import { syncDirectory } from './sync-directory.ts';
import { writeTombstones, type SeriesDeletion } from './write-tombstones.ts';

export interface DropLosersOptions {
  /** A data directory that is ours alone. */
  readonly directory: string;
  /** Blocks whose values count, by their ULIDs. */
  readonly winners: readonly string[];
  /** Blocks that lose what differs. */
  readonly losers: readonly string[];
  readonly onRead: (bytes: number) => void;
}

type Interval = readonly [fromMs: number, toMs: number];

/**
 * Deletes from the losing blocks each sample for which a winning block has another value at the same time. It is done with
 * tombstones, which every reader honours and the next compaction makes good. Done again, it finds nothing more to delete.
 */
export function dropLosers({ directory, winners, losers, onRead }: DropLosersOptions): DroppedSamples {
  const metas = readMetas(quietFiles(directory), throwDamage);
  const find = (ulids: readonly string[]): readonly BlockMeta[] => metas.filter(({ ulid }) => ulids.includes(ulid));
  const winning = find(winners);
  const blocks = find(losers).flatMap((loser) => {
    const rivals = winning.filter(({ minTime, maxTime }) => minTime < loser.maxTime && maxTime > loser.minTime);
    return rivals.length === 0 ? [] : [dropFrom(directory, { loser, rivals, onRead })];
  });
  const changed = blocks.filter(({ samples }) => samples > 0);
  return { samples: changed.reduce((sum, { samples }) => sum + samples, 0), blocks: changed };
}

interface Duel {
  readonly loser: BlockMeta;
  readonly rivals: readonly BlockMeta[];
  readonly onRead: (bytes: number) => void;
}

function dropFrom(directory: string, { loser, rivals, onRead }: Duel): DroppedSamples['blocks'][number] {
  const files = quietFiles(directory);
  const opened: BlockReader[] = [];
  const isWanted = ({ minTime, maxTime }: ChunkMeta): boolean => minTime < loser.maxTime && maxTime >= loser.minTime;
  const open = ({ ulid, series }: BlockMeta): BlockReader => {
    const reader = new BlockReader(files, ulid, { seriesCount: series, onDamage: throwDamage, onRead, isWanted });
    opened.push(reader);
    return reader;
  };
  try {
    const block = open(loser);
    const others = mergeBlocks(rivals.map(open), () => undefined);
    const deletions: SeriesDeletion[] = [...block.tombstones].map(([reference, intervals]) => ({
      reference,
      intervals,
    }));
    let samples = 0;
    for (const [entry, other] of pairUp(block.series(), others)) {
      const { count, intervals } = findLosing(block, entry, other);
      samples += count;
      if (count > 0) deletions.push({ reference: entry.reference, intervals });
    }
    const intervals = deletions.reduce((sum, deletion) => sum + deletion.intervals.length, 0);
    if (samples > 0) replaceTombstones(join(directory, loser.ulid), deletions, intervals);
    return { ulid: loser.ulid, samples, intervals };
  } finally {
    for (const reader of opened) reader.close();
  }
}

/** Series that both have; each is in the order of labels. */
function* pairUp(
  entries: Iterable<SeriesEntry>,
  others: Iterator<MergedSeries, void>,
): Generator<readonly [SeriesEntry, MergedSeries], void> {
  let other = others.next();
  for (const entry of entries) {
    while (other.done !== true && compareLabels(other.value.labels, entry.labels) < 0) other = others.next();
    if (other.done === true) return;
    if (compareLabels(other.value.labels, entry.labels) === 0) yield [entry, other.value];
  }
}

/** Losing samples that follow one another without one that stays are one interval. */
function findLosing(
  block: BlockReader,
  entry: SeriesEntry,
  other: MergedSeries,
): { readonly count: number; readonly intervals: readonly Interval[] } {
  const wins = new Map<number, string>();
  const sink = hashing((timeMs, hash) => wins.set(timeMs, hash));
  other.read({ ...sink, chunk: (encoding, data) => decodeChunk(encoding, data, sink) });
  const deleted = block.tombstones.get(entry.reference);
  const intervals: Interval[] = [];
  let count = 0;
  let from: number | undefined;
  let to = 0;
  const end = (): void => {
    if (from !== undefined) intervals.push([from, to]);
    from = undefined;
  };
  const take = (timeMs: number, hash: string): void => {
    if (isDeleted(deleted, timeMs)) return;
    const winning = wins.get(timeMs);
    if (winning === undefined || winning === hash) {
      end();
      return;
    }
    count += 1;
    from ??= timeMs;
    to = timeMs;
  };
  block.readSamples(entry, hashing(take));
  end();
  return { count, intervals };
}

/** The same hash for the same value; the series is the same on both sides. */
function hashing(take: (timeMs: number, hash: string) => void): SampleSink {
  const seed = { a: 0, b: 0 };
  const tell = (timeMs: number): void => take(timeMs, `${hashed.a} ${hashed.b}`);
  return {
    float: (timeMs, high, low) => {
      if (isStaleMarker(high, low)) {
        take(timeMs, stale);
        return;
      }
      hashFloat(seed, timeMs, high, low);
      tell(timeMs);
    },
    histogram: (timeMs, sample, isStale) => {
      if (isStale) {
        take(timeMs, stale);
        return;
      }
      hashHistogram(seed, timeMs, sample);
      tell(timeMs);
    },
  };
}

const stale = `${staleHigh} ${staleLow}`;

/** By a rename: a file that has another name as well, as the source's, stays what it was. */
function replaceTombstones(block: string, deletions: readonly SeriesDeletion[], intervals: number): void {
  const path = join(block, 'tombstones');
  rmSync(`${path}${halfMade}`, { force: true });
  writeTombstones(`${path}${halfMade}`, deletions);
  renameSync(`${path}${halfMade}`, path);
  countInMeta(join(block, 'meta.json'), intervals);
  syncDirectory(block);
}

const halfMade = '.tmp';

/** Prometheus plans a compaction by that number (compact.go plan). */
function countInMeta(path: string, numTombstones: number): void {
  const meta = JSON.parse(readFileSync(path, 'utf8')) as { readonly stats?: object };
  const text = JSON.stringify({ ...meta, stats: { ...meta.stats, numTombstones } }, null, '\t');
  rmSync(`${path}${halfMade}`, { force: true });
  const file = new OutputFile(`${path}${halfMade}`);
  try {
    file.write(Buffer.from(text));
    file.sync();
  } finally {
    file.close();
  }
  renameSync(`${path}${halfMade}`, path);
}

/** What was copied has been read back, so damage is new, and nothing may be decided by it. */
function throwDamage({ file, offset, damage }: BlockDamage): void {
  throw new Error(`${file} at byte ${offset}: ${damage.message}`);
}
