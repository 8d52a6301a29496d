import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import {
  checkpointName,
  isNumberLike,
  newestCheckpoint,
  parseSegmentName,
  segmentName,
  sortSegments,
  type Checkpoint,
  type SegmentName,
} from './wal-names.ts';

export interface WalEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

/** What lies in a directory below the data directory; nothing where there is none, or it is a symlink. */
export type ListEntries = (path: string) => readonly WalEntry[];

/**
 * What is wrong with the names in wal/ or wbl/, each as Prometheus 2.42 and 3.14 were seen to take it. Paths are below the
 * data directory.
 * missing: segments that a start does not find, from `from` up to `before`; it fails.
 * stray: nothing that can be read under that name, on which a start fails or waits for ever.
 * covered: segments that the checkpoint covers and that are no row with those behind it; a start fails.
 * outnumbered: all segments are covered by the number of the checkpoint, so that they, and what is written next, are not read.
 * hollow: a checkpoint without a segment, or without its first one; a start passes over what is gone with it.
 * link: a symlink, which is not followed here.
 */
export type WalFault =
  | { readonly kind: 'missing'; readonly from: string; readonly count: number; readonly before: string }
  | { readonly kind: 'stray'; readonly path: string; readonly why: string }
  | { readonly kind: 'covered'; readonly paths: readonly string[] }
  | { readonly kind: 'outnumbered'; readonly checkpoint: string; readonly paths: readonly string[] }
  | { readonly kind: 'hollow'; readonly checkpoint: string; readonly first: string }
  | { readonly kind: 'link'; readonly path: string };

/** How the names can be put in order, so that Prometheus starts and reads all that is there. */
export interface WalMending {
  /** Moved aside first. */
  readonly aside: readonly { readonly path: string; readonly why: string }[];
  /** A checkpoint with an empty segment, where all that lies before the segments is gone. */
  readonly checkpoint: string | null;
  readonly renames: readonly { readonly from: string; readonly to: string }[];
  /** Empty segments. */
  readonly holes: readonly string[];
  /** What nobody should decide alone. */
  readonly blockers: readonly { readonly path: string; readonly why: string; readonly remedy: string }[];
}

export interface WalLayout {
  readonly faults: readonly WalFault[];
  readonly mending: WalMending;
}

/** More missing segments than that are no hole but another directory's files. */
export const mostMissing = 1000;

/** Looks at the names in wal/ or wbl/ and in its checkpoint. */
export function surveyLayout(list: ListEntries, log: 'wal' | 'wbl'): WalLayout {
  const layout = new Layout(log);
  if (!layout.isDirectory(list('.').find(({ name }) => name === log)))
    return { faults: layout.faults, mending: layout };
  const usable = layout.sift(list(log), log);
  const checkpoint = log === 'wal' ? newestCheckpoint(usable.directories) : undefined;
  if (checkpoint !== undefined) lookIntoCheckpoint(layout, list, join(log, checkpoint.name));
  placeSegments(layout, usable, checkpoint);
  return { faults: layout.faults, mending: layout };
}

/** As the entries lie on the disk. A name that cannot be listed is for whoever reads there. */
export function entriesIn(directory: string): ListEntries {
  return (path) => {
    try {
      return readdirSync(join(directory, path), { withFileTypes: true }).map((entry) => {
        return { name: entry.name, kind: kindOf(entry) };
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return [];
      throw error;
    }
  };
}

/** As a consistent view holds them, which holds nothing else than directories and files. */
export function entriesOf(files: TsdbFiles): ListEntries {
  return (path) =>
    files.list(path).map((name) => ({ name, kind: /^(?:wal|wbl|checkpoint\..*)$/.test(name) ? 'directory' : 'file' }));
}

function kindOf(entry: Dirent): WalEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

interface Usable {
  readonly segments: readonly SegmentName[];
  /** Numbers of segments whose place something else takes, which goes aside. */
  readonly taken: ReadonlySet<number>;
  readonly directories: readonly string[];
}

class Layout implements WalMending {
  readonly log: 'wal' | 'wbl';
  readonly faults: WalFault[] = [];
  readonly aside: { readonly path: string; readonly why: string }[] = [];
  readonly renames: { readonly from: string; readonly to: string }[] = [];
  readonly holes: string[] = [];
  readonly blockers: { readonly path: string; readonly why: string; readonly remedy: string }[] = [];
  checkpoint: string | null = null;
  /** Then nobody knows here where the segments should begin. */
  hasLinkedCheckpoint = false;

  constructor(log: 'wal' | 'wbl') {
    this.log = log;
  }

  /** False where there is none, or something else in its place. */
  isDirectory(entry: WalEntry | undefined): boolean {
    if (entry === undefined || entry.kind === 'directory') return entry !== undefined;
    if (entry.kind === 'link') this.link(entry.name);
    else this.stray(entry.name, 'is no directory: Prometheus does not start');
    return false;
  }

  private stray(path: string, why: string): void {
    this.faults.push({ kind: 'stray', path, why });
    this.aside.push({ path, why });
  }

  /** Takes out what is no segment and no checkpoint though its name says so. */
  sift(entries: readonly WalEntry[], directory: string): Usable {
    const taken = new Set<number>();
    const names: string[] = [];
    const directories: string[] = [];
    for (const { name, kind } of entries) {
      const path = join(directory, name);
      if (directory === 'wal' && name.startsWith('checkpoint.')) {
        if (kind === 'link') {
          this.link(path);
          this.hasLinkedCheckpoint = true;
        } else if (kind === 'directory') directories.push(name);
        else this.stray(path, 'is called a checkpoint and is no directory: Prometheus does not start');
      } else if (isNumberLike(name)) {
        const number = parseSegmentName(name);
        if (kind === 'link') this.link(path);
        else if (number === undefined)
          this.stray(path, 'has a number that is not written as one of a segment: Prometheus does not start');
        else if (kind === 'file') names.push(name);
        else {
          this.stray(
            path,
            'takes the place of a segment and is no file: Prometheus waits on it, or deletes what is behind it',
          );
          taken.add(number);
        }
      }
    }
    return { segments: sortSegments(names), taken, directories };
  }

  /** Fills the row from `first` on up to the last segment. False where too much is missing for that. */
  fill(directory: string, first: number, segments: readonly SegmentName[], taken: ReadonlySet<number>): boolean {
    let next = first;
    const missing: string[] = [];
    const faults: WalFault[] = [];
    for (const { name, number } of segments) {
      const count = number - next;
      if (missing.length + count > mostMissing) {
        this.block(directory, next, name);
        return false;
      }
      for (let at = next; at < number; at += 1) missing.push(join(directory, segmentName(at)));
      // What takes the place of a segment is told as such, and no hole for itself.
      const absent = [...Array(count).keys()].filter((at) => !taken.has(next + at));
      const [firstAbsent] = absent;
      if (firstAbsent !== undefined)
        faults.push({
          kind: 'missing',
          from: join(directory, segmentName(next + firstAbsent)),
          count: absent.length,
          before: join(directory, name),
        });
      next = number + 1;
    }
    this.faults.push(...faults);
    this.holes.push(...missing);
    return true;
  }

  private block(directory: string, from: number, before: string): void {
    const path = join(directory, before);
    this.faults.push({
      kind: 'missing',
      from: join(directory, segmentName(from)),
      count: Number(before) - from,
      before: path,
    });
    this.blockers.push({
      path,
      why: `${path} comes where ${segmentName(from)} should, and ${Number(before) - from} segments are missing before it: that is no hole that could be filled, but a file of another directory or a checkpoint of another time.`,
      remedy: `Move what does not belong there out of ${directory}/, then run the same command again.`,
    });
  }

  private link(path: string): void {
    this.faults.push({ kind: 'link', path });
    this.blockers.push(linkBlocker(path));
  }
}

export function linkBlocker(path: string): WalMending['blockers'][number] {
  return {
    path,
    why: `${path} is a symbolic link, which is not followed here.`,
    remedy: `Put what ${path} leads to in its place, or remove the link if it leads nowhere, then run the same command again.`,
  };
}

/** Prometheus opens all segments of a checkpoint by their names, as long as their numbers are a row. */
function lookIntoCheckpoint(layout: Layout, list: ListEntries, path: string): void {
  const { segments, taken } = layout.sift(list(path), path);
  const [first] = segments;
  if (first === undefined || first.number > 0) {
    layout.faults.push({ kind: 'hollow', checkpoint: path, first: join(path, segmentName(0)) });
  }
  if (first !== undefined) layout.fill(path, first.number, segments, taken);
}

function placeSegments(layout: Layout, { segments, taken }: Usable, checkpoint: Checkpoint | undefined): void {
  const { log } = layout;
  const covered = segments.filter(({ number }) => checkpoint !== undefined && number <= checkpoint.number);
  const behind = segments.filter(({ number }) => checkpoint === undefined || number > checkpoint.number);
  const [firstBehind] = behind;
  if (checkpoint === undefined) {
    if (firstBehind === undefined || layout.hasLinkedCheckpoint) return;
    const isCut = log === 'wal' && firstBehind.number > 0 && !taken.has(0);
    if (isCut) noCheckpoint(layout, firstBehind);
    layout.fill(log, log === 'wal' && !isCut ? 0 : firstBehind.number, behind, taken);
    return;
  }
  if (firstBehind === undefined && (covered.at(-1)?.number ?? -1) < checkpoint.number) {
    outnumber(layout, covered, checkpoint);
    return;
  }
  if (!isRow(covered, checkpoint.number)) {
    layout.faults.push({ kind: 'covered', paths: covered.map(({ name }) => join(log, name)) });
    const why = `is covered by ${checkpoint.name}, and a segment is missing behind it: Prometheus does not start`;
    // The last one first: what is left is no row either, so that a repair that was killed sees the same.
    for (const { name } of [...covered].reverse()) layout.aside.push({ path: join(log, name), why });
  }
  layout.fill(log, checkpoint.number + 1, behind, taken);
}

function isRow(segments: readonly SegmentName[], last: number): boolean {
  return segments.every(({ number }, index) => number === last - (segments.length - 1 - index));
}

/** Prometheus begins at 0 where there is no checkpoint, and does not start where that is missing. */
function noCheckpoint(layout: Layout, { name, number }: SegmentName): void {
  const before = join(layout.log, name);
  layout.faults.push({ kind: 'missing', from: join(layout.log, segmentName(0)), count: number, before });
  layout.checkpoint = join(layout.log, checkpointName(number - 1));
}

/** The next segment is numbered behind the last one that there is, or 0 (wlog.go NewSize): it must come behind the checkpoint. */
function outnumber(layout: Layout, covered: readonly SegmentName[], checkpoint: Checkpoint): void {
  const { log } = layout;
  const paths = covered.map(({ name }) => join(log, name));
  layout.faults.push({ kind: 'outnumbered', checkpoint: join(log, checkpoint.name), paths });
  if (paths.length === 0) layout.holes.push(join(log, segmentName(checkpoint.number + 1)));
  paths.forEach((from, index) => {
    layout.renames.push({ from, to: join(log, segmentName(checkpoint.number + 1 + index)) });
  });
}
