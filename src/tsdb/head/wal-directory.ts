import { join } from 'node:path';
import { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { newestCheckpoint, segmentName, sortSegments, type SegmentName } from './wal-names.ts';
import { readSegment, type WalRecord } from './wal-segment.ts';
import { damageOfZeros } from './wal-zeros.ts';

export interface WalFile {
  readonly path: string;
  /** True for the last segment, whose end may be torn. */
  readonly isLast: boolean;
}

export interface WalListing {
  readonly files: readonly WalFile[];
  /** Segments from here on are not read by Prometheus either: one before them is missing. */
  readonly hole: { readonly missing: string; readonly unread: readonly string[] } | null;
}

/**
 * What Prometheus replays (head.go Init): of wal/ the newest checkpoint and then each segment behind the one that it
 * reaches to, from 0 on where there is none; of wbl/ all that there are. Up to the first that is missing, where it would
 * not start.
 */
export function listWal(files: TsdbFiles, directory: 'wal' | 'wbl'): WalListing {
  const names = files.list(directory);
  const checkpoint = directory === 'wal' ? newestCheckpoint(names) : undefined;
  const segments = sortSegments(names).filter(({ number }) => number > (checkpoint?.number ?? -1));
  const first = checkpoint === undefined ? (directory === 'wal' ? 0 : segments[0]?.number) : checkpoint.number + 1;
  const behind = upToHole(directory, segments, first ?? 0);
  if (checkpoint === undefined) return listingOf(behind.paths, behind, segments.length > 0);
  const within = join(directory, checkpoint.name);
  const parts = sortSegments(files.list(within));
  const inCheckpoint = upToHole(within, parts, parts[0]?.number ?? 0);
  if (inCheckpoint.missing !== null) {
    const unread = [...inCheckpoint.unread, ...behind.paths, ...behind.unread];
    return listingOf(inCheckpoint.paths, { missing: `${checkpoint.name}/${inCheckpoint.missing}`, unread }, false);
  }
  return listingOf([...inCheckpoint.paths, ...behind.paths], behind, behind.paths.length > 0);
}

interface Row {
  readonly paths: readonly string[];
  readonly missing: string | null;
  readonly unread: readonly string[];
}

function upToHole(directory: string, segments: readonly SegmentName[], first: number): Row {
  const holeAt = segments.findIndex(({ number }, index) => number !== first + index);
  const end = holeAt === -1 ? segments.length : holeAt;
  const paths = segments.map(({ name }) => join(directory, name));
  return {
    paths: paths.slice(0, end),
    missing: holeAt === -1 ? null : segmentName(first + end),
    unread: paths.slice(end),
  };
}

function listingOf(
  paths: readonly string[],
  { missing, unread }: Pick<Row, 'missing' | 'unread'>,
  mayBeTorn: boolean,
): WalListing {
  return {
    files: paths.map((path, index) => ({ path, isLast: mayBeTorn && index === paths.length - 1 })),
    hole: missing === null ? null : { missing, unread },
  };
}

export interface WalEvents {
  readonly onRecord: (record: WalRecord) => void;
  /**
   * Nothing behind it is read: Prometheus' repair would drop it. `isTorn` where the last segment just stops. But for
   * `zero-filled`, which Prometheus passes over.
   */
  readonly onDamage: (path: string, damage: Damage, isTorn: boolean) => void;
  readonly onRead?: (bytes: number) => void;
}

/** Tells every record up to the first damage. A record that cannot be parsed ends it as well: throw Damage from onRecord. */
export function readWal(files: TsdbFiles, listing: WalListing, events: WalEvents): void {
  for (const { path, isLast } of listing.files) {
    const damage = readFile(files, { path, isLast }, events);
    if (damage === null) continue;
    events.onDamage(path, damage, isLast && damage.rule === 'truncated');
    return;
  }
}

/** Null where it is whole. What is no regular file is damage as well. */
function readFile(files: TsdbFiles, { path, isLast }: WalFile, events: WalEvents): Damage | null {
  let file;
  try {
    file = new FileWindow(files.open(path), events.onRead);
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
  try {
    const { damage } = readSegment(file, events.onRecord, undefined, (zeros) =>
      events.onDamage(path, damageOfZeros(zeros), isLast && zeros.isTail),
    );
    return damage;
  } finally {
    file.close();
  }
}
