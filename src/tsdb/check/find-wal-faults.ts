import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { holdFiles } from '../files/held-files.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { openSegment } from '../head/open-segment.ts';
import type { OrphanFragments } from '../head/orphan-fragments.ts';
import { listWal } from '../head/wal-directory.ts';
import { full, last, pageTerm } from '../head/wal-fragment.ts';
import { checkOrder, readFragment, readSegment, type Fragment } from '../head/wal-segment.ts';
import { describeBehind, lookBehind } from './behind-damage.ts';
import { findBrokenSegmentsIn, type BrokenSegment } from './find-broken-segments.ts';

/** Where Prometheus would stop reading a WAL, and delete what lies behind. */
export interface WalDamage {
  /** Below the data directory. */
  readonly path: string;
  readonly offset: number;
  /** What is wrong there, as part of a sentence. */
  readonly what: string;
  /** What lies behind it and would be deleted, as part of a sentence. */
  readonly behind: string;
}

/** A segment that ends with bytes that are no whole record, behind which nothing lies. */
export interface TornEnd {
  /** Below the data directory. */
  readonly path: string;
  /** Its size without them. */
  readonly wholeBytes: number;
}

export interface WalFaults {
  /** The first place behind which Prometheus' repair (`wlog.Repair`) would delete records that are whole. */
  readonly damage: WalDamage | undefined;
  /**
   * That of wal/ where wbl/ holds anything: Prometheus cuts it off, and does not read wbl/ in that life. That of wbl/: 2.42
   * takes it for one of wal/, which it cuts at that place (db.go open, isErrLoadOOOWal), or does not start.
   */
  readonly tornEnds: readonly TornEnd[];
}

interface LogFaults {
  readonly damage: WalDamage | undefined;
  readonly tornEnd: TornEnd | undefined;
}

/**
 * What a Prometheus that starts on a WAL would lose, while nobody writes to it. A torn end alone, behind which nothing lies,
 * is no loss. Checks every checksum and decodes nothing; other work gets its turn between two segments.
 */
export async function findWalFaults(dataDirectory: string): Promise<WalFaults> {
  return findFaultsIn(quietFiles(dataDirectory), []);
}

/**
 * What the next start of a Prometheus that runs would lose, by what is on the disk now: as findWalFaults, once what is mended
 * before every start (findBrokenSegments) has been.
 */
export async function findLiveWalDamage(dataDirectory: string): Promise<WalDamage | undefined> {
  const files = holdFiles(dataDirectory, 'head');
  try {
    return (await findFaultsIn(files, await findBrokenSegmentsIn(files))).damage;
  } finally {
    files.close();
  }
}

async function findFaultsIn(files: TsdbFiles, mendable: readonly BrokenSegment[]): Promise<WalFaults> {
  const [wal, wbl] = [await lookThrough(files, 'wal', mendable), await lookThrough(files, 'wbl', mendable)];
  const hasLate = listWal(files, 'wbl').files.some(({ path }) => holdsAnything(files, path));
  const tornEnds = [hasLate ? wal.tornEnd : undefined, wbl.tornEnd].filter((end) => end !== undefined);
  return { damage: wal.damage ?? wbl.damage, tornEnds };
}

/** Up to the first fault. */
async function lookThrough(
  files: TsdbFiles,
  log: 'wal' | 'wbl',
  mendable: readonly BrokenSegment[],
): Promise<LogFaults> {
  const paths = listWal(files, log).files.map(({ path }) => path);
  for (const [index, path] of paths.entries()) {
    const orphans = mendable.find((segment) => segment.path === path)?.orphans ?? [];
    const found = lookInto(files, { path, orphans }, paths.slice(index + 1));
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { damage: undefined, tornEnd: undefined };
}

function lookInto(files: TsdbFiles, { path, orphans }: BrokenSegment, later: readonly string[]): LogFaults | undefined {
  const file = openSegment(files, path);
  if (file === undefined) return undefined;
  try {
    const damage = findDamage(file, orphans);
    if (damage === undefined) return undefined;
    const behind = lookBehind(file, damage.offset);
    // A start that was broken off leaves an empty segment behind a torn one.
    const following = later.filter((one) => holdsAnything(files, one)).length;
    if (behind.resumesAt === null && following === 0) {
      const { offset } = readSegment(file, () => undefined);
      return { damage: undefined, tornEnd: { path, wholeBytes: offset } };
    }
    const more = following === 0 ? '' : `, and ${following} more ${following === 1 ? 'file' : 'files'} behind it`;
    const said = `${describeBehind(behind, damage.offset)}${more}`;
    return { damage: { path, offset: damage.offset, what: damage.message, behind: said }, tornEnd: undefined };
  } finally {
    file.close();
  }
}

function holdsAnything(files: TsdbFiles, path: string): boolean {
  const file = openSegment(files, path);
  if (file === undefined) return true;
  try {
    for (let at = 0; at < file.sizeBytes;) {
      const { type, next } = readFragment(file, at);
      if (type !== pageTerm) return true;
      at = next;
    }
    return false;
  } catch (error) {
    if (error instanceof Damage) return true;
    throw error;
  } finally {
    file.close();
  }
}

function findDamage(file: FileWindow, orphans: readonly OrphanFragments[]): Damage | undefined {
  let begunAt: number | undefined;
  let isPadding = false;
  try {
    for (let at = 0; at < file.sizeBytes;) {
      const orphan = orphans.find(({ from }) => from === at);
      if (orphan !== undefined) {
        at = orphan.to;
        continue;
      }
      const fragment: Fragment = readFragment(file, at);
      at = fragment.next;
      isPadding = fragment.type === pageTerm;
      if (isPadding) continue;
      checkOrder(fragment.type, begunAt === undefined ? 0 : 1, fragment.at);
      const ends = fragment.type === full || fragment.type === last;
      begunAt = ends ? undefined : (begunAt ?? fragment.at);
    }
    // Behind padding, Prometheus takes the end for a clean one (reader.go Next).
    if (begunAt === undefined || isPadding) return undefined;
    return new Damage('truncated', 'the segment ends within a record', begunAt);
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
}
