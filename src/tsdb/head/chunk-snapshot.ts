import { join } from 'node:path';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listNumbered } from './head-chunks.ts';

/**
 * What a Prometheus with memory-snapshot-on-shutdown writes when it stops: the head chunk of each series that is still in
 * memory. With that feature it reads it when it starts, and of the WAL only what is behind this place.
 */
export interface ChunkSnapshot {
  readonly name: string;
  /** Where the WAL ended when it was taken. */
  readonly segment: number;
  readonly offset: number;
}

/** In the order in which they were taken; Prometheus reads the last one alone (head_wal.go LastChunkSnapshot). */
export function listSnapshots(files: Pick<TsdbFiles, 'list'>): readonly ChunkSnapshot[] {
  const found = files.list('.').flatMap((name) => {
    const [, segment, offset] = snapshotName.exec(name) ?? [];
    return segment === undefined ? [] : [{ name, segment: Number(segment), offset: Number(offset) }];
  });
  return found.sort((one, other) => one.segment - other.segment || one.offset - other.offset);
}

const snapshotName = /^chunk_snapshot\.(\d+)\.(\d+)$/;

/**
 * The newest snapshot where it was taken further on than the WAL reaches. Undefined in the common case: what a snapshot
 * holds, WAL and head chunks hold as well, since only samples that are in blocks are ever cut off from them.
 */
export function findSnapshotBeyondWal(files: TsdbFiles): ChunkSnapshot | undefined {
  const newest = listSnapshots(files).at(-1);
  if (newest === undefined) return undefined;
  const checkpoints = files.list('wal').map((name) => Number(/^checkpoint\.(\d+)$/.exec(name)?.[1] ?? -1));
  // It was taken before that one was made, of samples that have come into blocks since.
  if (Math.max(-1, ...checkpoints) >= newest.segment) return undefined;
  const name = listNumbered(files, 'wal').find((one) => Number(one) === newest.segment);
  return name !== undefined && sizeOf(files, join('wal', name)) >= newest.offset ? undefined : newest;
}

/** 0 for what cannot be opened, which is told where it is read. */
function sizeOf(files: TsdbFiles, path: string): number {
  try {
    const file = files.open(path);
    file.release();
    return file.sizeBytes;
  } catch (error) {
    if (error instanceof Damage) return 0;
    throw error;
  }
}

const series = 1;
const tombstones = 2;
const exemplars = 3;
const xor = 1;
const xor2 = 4;
const lastEncoding = 6;
/** Four samples, of which but the last value is used. */
const sampleBufferBytes = 64;

/** Requires that a record is as memory_snapshot.md says. Throws Damage. */
export function checkSnapshotRecord(bytes: Uint8Array): void {
  const cursor = new ByteCursor(bytes);
  const type = cursor.byte();
  if (type === series) checkSeries(cursor);
  else if (type === tombstones) {
    if (cursor.uvarintBytes().length > 0 && cursor.left > 0) throw tooMany(cursor);
  } else if (type !== exemplars) {
    throw new Damage('unknown-record', `snapshot record type ${type} is not known`, 0);
  }
}

function checkSeries(cursor: ByteCursor): void {
  cursor.wideBe64();
  const count = cursor.uvarint();
  if (count > cursor.left) throw new Damage('bad-structure', `a series counts ${count} labels`, cursor.at);
  for (let index = 0; index < 2 * count; index += 1) cursor.uvarintBytes();
  cursor.wideBe64();
  if (cursor.uvarint() === 0) {
    if (cursor.left > 0) throw tooMany(cursor);
    return;
  }
  const [minTime, maxTime] = [cursor.wideBe64(), cursor.wideBe64()];
  if (minTime > maxTime) throw new Damage('bad-structure', 'a chunk ends before it begins', cursor.at);
  const encoding = cursor.byte();
  if (encoding < 1 || encoding > lastEncoding) {
    throw new Damage('unknown-encoding', `chunk encoding ${encoding} is not known`, cursor.at);
  }
  cursor.uvarintBytes();
  const isFloat = encoding === xor || encoding === xor2;
  if (isFloat && cursor.left !== sampleBufferBytes) throw tooMany(cursor);
}

function tooMany(cursor: ByteCursor): Damage {
  return new Damage(
    'bad-structure',
    `a record of a snapshot ends with ${cursor.left} bytes that do not belong to it`,
    cursor.at,
  );
}
