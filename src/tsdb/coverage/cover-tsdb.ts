import { isInOrder, type BlockMeta } from '../../model/block.ts';
import type { TsdbCoverage } from '../../model/tsdb-coverage.ts';
import { readMetas } from '../block/read-metas.ts';
import { groupByOverlap, visibleBlocks } from '../block/visible-blocks.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { Findings } from '../findings.ts';
import { findSnapshotBeyondWal } from '../head/chunk-snapshot.ts';
import { headEvents } from '../head/head-events.ts';
import { findNamelessChunks } from '../head/nameless-chunks.ts';
import { CoverageCache } from './coverage-cache.ts';
import { finishCoverage } from './finish-coverage.ts';
import { headBytesIn } from './head-bytes.ts';
import { HeadTimes } from './head-times.ts';
import { JoinedUnits } from './join-units.ts';
import { LateTimes } from './late-times.ts';
import { UnitReader } from './unit-reader.ts';

export interface CoverTsdbOptions {
  /** A data directory that does not change: nobody writes there, or it is a consistent view. */
  readonly files: TsdbFiles;
  /** Its absolute path: what the cache knows it by. */
  readonly directory: string;
  /** Null for no cache. */
  readonly cacheDirectory: string | null;
  readonly nowMs: number;
  readonly onRead: (bytes: number) => void;
}

/** When a TSDB holds samples. Whole blocks that the cache knows are not read. Synchronous, for a thread of its own. */
export function coverTsdb(options: CoverTsdbOptions): TsdbCoverage {
  const { files, directory, cacheDirectory, nowMs, onRead } = options;
  const findings = new Findings();
  for (const path of files.listLinks()) findings.addLink(path);
  const beyond = findSnapshotBeyondWal(files);
  if (beyond !== undefined) findings.addSnapshotBeyondWal(beyond);
  const nameless = findNamelessChunks(files);
  if (nameless !== undefined) findings.addNamelessChunks(nameless);
  const late = new LateTimes();
  const joined = new JoinedUnits();
  const cache = cacheDirectory === null ? undefined : new CoverageCache(cacheDirectory, directory, nowMs);
  const blocks = readMetas(files, (damage) => findings.addBlockDamage(damage));
  const head = new HeadTimes({
    files,
    late,
    events: { ...headEvents(findings), onRead },
  });
  head.readSeries();
  head.readLate();
  const visible = visibleBlocks(blocks);
  const reader = new UnitReader({ files, late, findings, onRead, nowMs, known: cache?.read() });
  reader.begin(blocks);
  for (const group of groupByOverlap(visible)) joined.add(reader.read(group));
  const forNextTime = reader.forNextTime();
  if (forNextTime !== undefined) cache?.write(forNextTime);
  joined.add(head.read(minValidOf(visible)));
  late.joinTo(joined);
  if (late.isCrowded) findings.add(tooManyLate);
  const { hits, misses, sizeBytes } = reader;
  return finishCoverage(joined, {
    findings,
    blocks: visible,
    sizeBytes: sizeBytes + headBytesIn(files),
    cache: { hits, misses, notes: cache?.notes ?? [] },
  });
}

function minValidOf(blocks: readonly BlockMeta[]): number {
  return Math.max(-Infinity, ...blocks.filter(isInOrder).map(({ maxTime }) => maxTime));
}

const tooManyLate = {
  rule: 'too-many-late-samples',
  severity: 'warning',
  file: 'wbl',
  offset: null,
  series: null,
  fromMs: null,
  toMs: null,
  message: 'More than a million samples came out of order and are in no block yet: the rest of them is left out.',
  remedy: 'Run it again once Prometheus has compacted them, within a few hours.',
} as const;
