import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { BlockCounts, BlockShape, DamagedBlock } from '../../model/tsdb-repair.ts';
import { BlockReader, type BlockDamage } from '../block/block-reader.ts';
import { checkPostings } from '../block/check-postings.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { chunksToCopy } from '../write/chunks-to-copy.ts';
import type { ContentDigest } from '../write/content-digest.ts';
import { findLabelMistake, samplesIn } from '../write/block-writer.ts';
import { newUlid } from '../write/new-ulid.ts';
import { DamageList } from './damage-list.ts';

export interface BlockToSurvey {
  readonly files: TsdbFiles;
  readonly ulid: string;
  /** Undefined where meta.json is missing or cannot be read, and why that is. */
  readonly meta: BlockMeta | undefined;
  readonly metaDamage: string | undefined;
  readonly onRead: (bytes: number) => void;
  /** Takes in what is whole, in its order, so that it need not be read once more. */
  readonly digest?: ContentDigest;
}

/** A block as it was found, before it is known which others replace it. */
export type SurveyedBlock = Omit<DamagedBlock, 'isReplaced' | 'keep' | 'inHead'> & {
  readonly found: BlockCounts;
  readonly shape: BlockShape;
  /** True where something was deleted of it, and what that was can be read. */
  readonly hasStones: boolean;
};

/** Reads every byte of a block that Prometheus would. Undefined where it is whole. */
export function surveyBlock(block: BlockToSurvey): SurveyedBlock | undefined {
  const { meta, metaDamage, ulid } = block;
  const damages = new DamageList();
  if (metaDamage !== undefined) damages.add(metaDamage);
  const found = readThrough(block, damages);
  if (damages.count === 0) return undefined;
  const shape = meta ?? { minTime: found.minTime, maxTime: found.maxTime + 1, level: 1, sources: [], hints: [] };
  const { series, chunks, samples } = found;
  // Where nothing but meta.json is damaged, the block holds all that it ever did.
  const counted = meta ?? (damages.count === 1 ? { series, chunks, samples } : null);
  return {
    ulid,
    damages: damages.named,
    damageCount: damages.count,
    undeletes: found.areStonesDamaged,
    counted: counted === null ? null : countsOf(counted),
    times: meta === undefined ? null : { minTime: meta.minTime, maxTime: meta.maxTime },
    found,
    hasStones: found.hasStones,
    isNumbered: false,
    shape: shapeOf(ulid, shape),
  };
}

function countsOf({ series, chunks, samples }: BlockCounts): BlockCounts {
  return { series, chunks, samples };
}

function shapeOf(ulid: string, { minTime, maxTime, level, sources, hints }: BlockShape): BlockShape {
  return { minTime, maxTime, level, sources: sources.length === 0 ? [ulid.toUpperCase()] : sources, hints };
}

/**
 * Always the same names for what is kept of a block, so that a repair that was killed finds what it has made; a further
 * one where the first belongs to something else.
 */
export function successorOf(ulid: string, attempt = 0): string {
  const words = attempt === 0 ? `holdfast repair ${ulid}` : `holdfast repair ${ulid} ${attempt}`;
  const hash = createHash('sha256').update(words).digest();
  return ulid.slice(0, timeDigits).toUpperCase() + newUlid(0, hash).slice(timeDigits);
}

const timeDigits = 10;

interface Found extends BlockCounts {
  readonly areStonesDamaged: boolean;
  readonly hasStones: boolean;
  readonly minTime: number;
  readonly maxTime: number;
}

const nothingFound: Found = {
  series: 0,
  chunks: 0,
  samples: 0,
  minTime: Infinity,
  maxTime: -Infinity,
  areStonesDamaged: false,
  hasStones: false,
};

function readThrough({ files, ulid, meta, onRead, digest }: BlockToSurvey, damages: DamageList): Found {
  const found = { ...nothingFound };
  const index = join(ulid, 'index');
  const stones = join(ulid, 'tombstones');
  const onDamage = ({ file, offset, damage }: BlockDamage): void => {
    if (file === stones) found.areStonesDamaged = true;
    damages.add(`${file} at byte ${offset}: ${damage.message}`);
  };
  try {
    const reader = new BlockReader(files, ulid, { seriesCount: meta?.series ?? null, onDamage, onRead });
    try {
      found.hasStones = reader.tombstones.size > 0;
      let last: readonly Uint8Array[] | undefined;
      for (const entry of reader.series()) {
        const mistake = findLabelMistake(last, entry.labels);
        if (mistake !== undefined) {
          damages.add(`${index} at byte ${entry.offset}: ${mistake}`);
          continue;
        }
        last = entry.labels;
        let chunks = 0;
        for (const chunk of chunksToCopy(reader, entry, onDamage)) {
          chunks += 1;
          digest?.add(entry.labels, chunk);
          found.samples += samplesIn(chunk);
          found.minTime = Math.min(found.minTime, chunk.minTime);
          found.maxTime = Math.max(found.maxTime, chunk.maxTime);
        }
        found.chunks += chunks;
        if (chunks > 0) found.series += 1;
      }
      // Where a chunk cannot be read, what lies there is said already.
      for (const { path, offset } of damages.count > 0 ? [] : reader.listUncovered()) {
        damages.add(`${path} at byte ${offset}: bytes that belong to no series`);
      }
    } finally {
      reader.close();
    }
    checkPostings(files, index, {
      onDamage: (damage) => damages.add(`${index} at byte ${damage.offset}: ${damage.message}`),
    });
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    damages.add(`${index} at byte ${error.offset}: ${error.message}`);
  }
  return found;
}
