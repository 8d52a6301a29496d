import type { BlockCounts, BlockShape } from '../../model/tsdb-repair.ts';
import { numberedChunks } from '../block/chunk-files.ts';
import { readMeta } from '../block/read-metas.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { ContentDigest, digestOfCopy, type BlockToDigest } from '../write/content-digest.ts';
import { surveyBlock } from './survey-block.ts';

export interface Successor {
  /** The block that is to be copied, and what its meta.json counts. */
  readonly block: string;
  readonly series: number | null;
  /** True where its chunk files are taken by their numbers, and not in their order. */
  readonly isNumbered: boolean;
  readonly to: string;
  readonly shape: BlockShape;
  readonly counts: BlockCounts;
}

export interface SuccessorPlaces {
  /** Where the original lies: in the data directory, or moved aside already. */
  readonly from: TsdbFiles;
  readonly files: TsdbFiles;
  readonly onRead: (bytes: number) => void;
}

/**
 * True where a block is the copy that would be written: it says so in its meta.json, it is whole, and holds the very chunks
 * of the original that can be copied. Where the original has gone, all that can be asked for is that it is whole.
 */
export function isSuccessor(successor: Successor, places: SuccessorPlaces): boolean {
  const { block, series, isNumbered, to, shape, counts } = successor;
  const { files, onRead } = places;
  const meta = tryToReadMeta(files, to);
  if (meta === undefined || !isEqual(meta, counts)) return false;
  const sources = meta.sources.length === 0 ? [to] : meta.sources;
  const isOfShape =
    meta.minTime === shape.minTime &&
    meta.maxTime === shape.maxTime &&
    meta.level === shape.level &&
    meta.parents.length === 0 &&
    !meta.deletable &&
    sameNames(sources, shape.sources) &&
    sameNames(meta.hints, shape.hints);
  if (!isOfShape) return false;
  const digest = new ContentDigest();
  if (surveyBlock({ files, ulid: to, meta, metaDamage: undefined, onRead, digest }) !== undefined) return false;
  const from = isNumbered ? numberedChunks(places.from, block) : places.from;
  const wanted = tryToDigest({ files: from, ulid: block, series, onRead });
  return wanted === undefined || wanted === digest.finish();
}

function tryToDigest(block: BlockToDigest): string | undefined {
  try {
    return digestOfCopy(block);
  } catch (error) {
    if (error instanceof Damage) return undefined;
    throw error;
  }
}

function tryToReadMeta(files: TsdbFiles, ulid: string) {
  try {
    return readMeta(files, ulid);
  } catch (error) {
    if (error instanceof Damage) return undefined;
    throw error;
  }
}

function isEqual(one: BlockCounts, other: BlockCounts): boolean {
  return one.series === other.series && one.chunks === other.chunks && one.samples === other.samples;
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join() === [...other].sort().join();
}
