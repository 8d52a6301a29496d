import { lstat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { findDiscardMark, isDiscardMarkFile } from '../../data-root/discard-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { isHalfMadeOf } from '../../files/half-made.ts';
import type { DiscardMark } from '../../model/discard-step.ts';
import { paths } from '../../model/paths.ts';
import { isUnfinishedBlock } from '../../tsdb/block/hidden-blocks.ts';
import { isKnown } from '../../tsdb/check/leftovers.ts';
import { identifyDirectory } from '../identify-directory.ts';
import type { TsdbReaders } from '../tsdb-inventory.ts';
import { findBoundStack, type BoundStack } from './find-bound-stack.ts';
import { listVolumesBelow, type VolumeBelow } from './list-volumes-below.ts';
import { scanTree, type ScannedTree } from './scan-tree.ts';

/** A directory that is to be discarded, as far as it can be told without reading a sample. */
export interface Discardable {
  readonly path: string;
  readonly name: string;
  readonly parent: string;
  readonly inode: number;
  /** What lies in it; `empty` where no file in it has a byte, `other` for what no sample can prove, `unknown` for the rest. */
  readonly kind: 'prometheus' | 'empty' | 'other' | 'unknown';
  /** In words, what `kind` was told by. */
  readonly holds: string;
  /** Data directories in it, the snapshots among them: each is to be proven. */
  readonly tsdbs: readonly string[];
  readonly isMount: boolean;
  readonly boundTo: BoundStack | undefined;
  readonly writer: { readonly pid: number; readonly command: string } | undefined;
  readonly hasVolumeLock: boolean;
  /** What no Prometheus makes, or is no file at all: the first few, in words. */
  readonly strangers: readonly string[];
  /** Data of components in it, other than what it is itself. */
  readonly volumesBelow: readonly VolumeBelow[];
  /** Symlinks and mounts are not looked into: true where there is something of that kind. */
  readonly isPartlySeen: boolean;
  /** The newest change of a file in it. */
  readonly lastWriteMs: number | null;
  readonly mark: DiscardMark | undefined;
  readonly tree: ScannedTree;
}

/** Looks at a directory and changes nothing. Throws `not-a-directory` and `io`. */
export async function observeDiscardable(
  path: string,
  readers: Pick<TsdbReaders, 'findWriterBelow'>,
): Promise<Discardable> {
  const [own, above] = [await lstat(path).catch(() => undefined), await lstat(dirname(path)).catch(() => undefined)];
  if (own?.isDirectory() !== true || above === undefined || dirname(path) === path) throw notDirectory(path);
  const tree = scanTree(path);
  const identity = await identify(path, tree);
  const files = [...tree.files].filter(([file]) => !isDiscardMarkFile(file));
  const strangers = [
    ...tree.strange,
    ...files
      .filter(([file, { sizeBytes }]) => sizeBytes > 0 && !isOfVolume(file, identity.prefix))
      .map(([file]) => `${file} is nothing that Prometheus writes`),
  ];
  return {
    path,
    name: basename(path),
    parent: dirname(path),
    inode: own.ino,
    kind: identity.kind,
    holds: identity.holds,
    tsdbs: identity.kind === 'prometheus' ? listTsdbs(path, identity.prefix, tree) : [],
    isMount: own.dev !== above.dev,
    boundTo: await findBoundStack(path),
    writer: await readers.findWriterBelow(path),
    hasVolumeLock: tree.files.has(paths.volumeLock),
    strangers,
    volumesBelow: listVolumesBelow(path, tree, identity.own),
    isPartlySeen: tree.strange.length > 0,
    lastWriteMs: files.reduce<number | null>((newest, [, file]) => Math.max(newest ?? 0, file.modifiedMs), null),
    mark: await findDiscardMark(path),
    tree,
  };
}

interface Identity {
  readonly kind: Discardable['kind'];
  readonly holds: string;
  /** Of the data directory's files among those of the directory: '' or `prometheus-db/`. */
  readonly prefix: string;
  /** The data directory that it is, or that lies in it as in a volume; undefined where it is none, or more than one. */
  readonly own?: string;
}

async function identify(path: string, { files }: ScannedTree): Promise<Identity> {
  const hasData = [...files].some(([file, { sizeBytes }]) => sizeBytes > 0 && !isDiscardMarkFile(file));
  if (!hasData) return { kind: 'empty', holds: 'no file with a byte in it', prefix: '' };
  try {
    const found = await identifyDirectory(path);
    if (found === undefined) return { kind: 'unknown', holds: 'nothing that Prometheus writes', prefix: '' };
    const { kind, dataDirectory, by } = found;
    const prefix = dataDirectory === path ? '' : `${relative(path, dataDirectory)}/`;
    return kind === 'prometheus'
      ? { kind, holds: `data of Prometheus (${by})`, prefix, own: dataDirectory }
      : { kind: 'other', holds: `data of ${kind} (${by})`, prefix, own: dataDirectory };
  } catch (error) {
    if (!(error instanceof HoldfastError) || !severalKinds.has(error.code)) throw error;
    return { kind: 'other', holds: "more than one component's data", prefix: '' };
  }
}

const severalKinds: ReadonlySet<string> = new Set(['not-adoptable', 'ambiguous-directory']);
const ofVolume = [paths.identity, paths.volumeLock];
const snapshot = /^snapshots\/[^/]+\//;
/**
 * Half-made things by the names that Prometheus gives them, and deletes at its start (db.go isTmpDir, checkpoint.go
 * DeleteTempCheckpoints): they hold nothing that is not in what they were made from. A block of that kind is proven.
 */
const halfMade = /^(?:wal\/checkpoint\.\d+|chunk_snapshot\.\d+\.\d+)\.tmp\//;

function isOfVolume(file: string, prefix: string): boolean {
  if (ofVolume.some((own) => file === own || isHalfMadeOf(own, file))) return true;
  if (!file.startsWith(prefix)) return false;
  const path = file.slice(prefix.length);
  const inSnapshot = snapshot.exec(path)?.[0];
  const own = inSnapshot === undefined ? path : path.slice(inSnapshot.length);
  const isUnfinished = halfMade.test(own) || isUnfinishedBlock(own.slice(0, own.indexOf('/')));
  return !own.startsWith('snapshots/') && (isKnown(own) || isUnfinished);
}

function listTsdbs(path: string, prefix: string, { files }: ScannedTree): readonly string[] {
  const snapshots = new Set(
    [...files.keys()].flatMap((file) => {
      const found = file.startsWith(prefix) ? snapshot.exec(file.slice(prefix.length))?.[0] : undefined;
      return found === undefined ? [] : [prefix + found.slice(0, -1)];
    }),
  );
  return [prefix.slice(0, -1), ...[...snapshots].sort()].map((below) => join(path, below));
}

function notDirectory(path: string): HoldfastError {
  return new HoldfastError('not-a-directory', {
    message: `${path} is not a directory that could be discarded. Nothing was changed.`,
    remedy: 'Name the directory itself, as `holdfast rescue` lists it, and no symlink to it.',
    details: { path },
  });
}
