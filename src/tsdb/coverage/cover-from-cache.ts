import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import type { TsdbCoverage } from '../../model/tsdb-coverage.ts';
import { findErrno } from '../../files/fs-errors.ts';
import { isBlockName } from '../block-name.ts';
import { groupByOverlap, visibleBlocks } from '../block/visible-blocks.ts';
import { Damage } from '../damage.ts';
import { holdFiles, type HeldFiles } from '../files/held-files.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { Findings } from '../findings.ts';
import { headEvents } from '../head/head-events.ts';
import { isUnchanged, lookByName, type BlockRecord } from './block-stamp.ts';
import type { CachedBlocks } from './cache-text.ts';
import { CoverageCache } from './coverage-cache.ts';
import { finishCoverage } from './finish-coverage.ts';
import { HeadTimes } from './head-times.ts';
import { JoinedUnits } from './join-units.ts';
import { LateTimes } from './late-times.ts';

export interface CoverFromCacheOptions {
  readonly directory: string;
  readonly cacheDirectory: string;
  readonly nowMs: number;
}

/** A head of this size is read in less time than a thread takes to start. */
const mostHeadBytes = 8 << 20;

/**
 * As coverTsdb, where every block is in the cache and the head is small: then no thread is worth its start. Undefined in any
 * other case, and whenever something is odd.
 */
export function coverFromCache({ directory, cacheDirectory, nowMs }: CoverFromCacheOptions): TsdbCoverage | undefined {
  let held: HeldFiles | undefined;
  try {
    const cached = new CoverageCache(cacheDirectory, directory, nowMs).read();
    if (cached.blocks.length === 0 || !isPlain(directory)) return undefined;
    // The head before the blocks, as holdFiles has it: what moves in between is in both.
    held = holdFiles(directory, 'head');
    return held.sizeBytes > mostHeadBytes ? undefined : cover(held, directory, cached);
  } catch (error) {
    if (error instanceof Damage || findErrno(error) !== undefined) return undefined;
    throw error;
  } finally {
    held?.close();
  }
}

/** Symlinks where Prometheus has none, and snapshots of chunks, want a closer look. */
function isPlain(directory: string): boolean {
  return ['.', 'wal', 'wbl', 'chunks_head'].every((part) =>
    readEntries(join(directory, part)).every(
      (entry) => !entry.isSymbolicLink() && !(part === '.' && entry.name.startsWith('chunk_snapshot.')),
    ),
  );
}

function readEntries(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return [];
    throw error;
  }
}

function cover(held: HeldFiles, directory: string, cached: CachedBlocks): TsdbCoverage | undefined {
  const blocks = findUnchanged(directory, cached.blocks);
  if (blocks === undefined) return undefined;
  const findings = new Findings();
  const late = new LateTimes();
  const head = new HeadTimes({
    files: held,
    late,
    events: headEvents(findings),
  });
  head.readSeries();
  head.readLate();
  const units = new Map(cached.units.map(({ of, times }) => [of.join(), times]));
  const visible = visibleBlocks(blocks);
  const joined = new JoinedUnits();
  for (const group of groupByOverlap(visible)) {
    const times = units.get(group.map(({ ulid }) => ulid).join());
    if (times === undefined || !late.isEmpty) return undefined;
    joined.add(times);
  }
  joined.add(
    head.read(Math.max(-Infinity, ...visible.filter(({ isInOrder }) => isInOrder).map(({ maxTime }) => maxTime))),
  );
  return finishCoverage(joined, {
    findings,
    blocks: visible,
    sizeBytes: blocks.reduce((sum, block) => sum + block.sizeBytes, held.sizeBytes),
    cache: { hits: visible.length, misses: 0, notes: [] },
  });
}

/** The blocks there are; undefined where one of them is new, or no longer what it was, or where they change. */
function findUnchanged(directory: string, known: readonly BlockRecord[]): readonly BlockRecord[] | undefined {
  const files = quietFiles(directory);
  const look = lookByName(directory);
  const records = new Map(known.map((block) => [block.ulid, block]));
  const names = files.list('.').filter(isBlockName);
  const blocks: BlockRecord[] = [];
  for (const name of names) {
    const record = records.get(name);
    if (record === undefined || !isUnchanged(record, look)) return undefined;
    blocks.push(record);
  }
  const now = files.list('.').filter(isBlockName);
  if (now.join() !== names.join()) return undefined;
  return blocks.sort((one, other) => one.minTime - other.minTime);
}
