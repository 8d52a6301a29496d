import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { isInOrder, type BlockMeta } from '../../model/block.ts';
import { Damage } from '../damage.ts';
import type { OpenedFile, TsdbFiles } from '../files/tsdb-files.ts';

/** What tells one state of a file from every other; nobody can write to it and keep all of it. */
export interface FileStamp {
  /** Device, inode, size, modification and change in ns; null where there is no file. */
  readonly stamp: string | null;
  readonly sizeBytes: number;
  readonly changedMs: number;
}

/** A block as it was when it was read: what must still be so for its cached times to be true. */
export interface BlockRecord {
  readonly ulid: string;
  /** SHA-256 of meta.json. */
  readonly meta: string;
  /** Of index, tombstones and each chunk file, by their paths in the block. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly sizeBytes: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly parents: readonly string[];
  readonly deletable: boolean;
  readonly isInOrder: boolean;
}

/** How the files of blocks are looked at, by their paths below the data directory. */
export interface BlockLook {
  stampOf(path: string): FileStamp;
  /** False where a symlink stands in the place of its chunk files. */
  hasPlainChunks(ulid: string): boolean;
  /** Null where there is no meta.json that can be believed. Throws what the file system says. */
  metaOf(ulid: string): { readonly sha256: string; readonly sizeBytes: number } | null;
}

/** By the files as they are opened: nothing can take their place meanwhile. */
export function lookAtOpened(files: TsdbFiles): BlockLook {
  return {
    stampOf: (path) =>
      withOpened(files, path, ({ descriptor }) => toStamp(fstatSync(descriptor, { bigint: true }))) ?? none,
    metaOf: (ulid) => withOpened(files, `${ulid}/meta.json`, ({ descriptor }) => hashMeta(descriptor)) ?? null,
    // What lies behind a symlink cannot be opened.
    hasPlainChunks: () => true,
  };
}

/** By their names alone, which is a third of the work. The blocks must be directories, and no symlinks to one. */
export function lookByName(directory: string): BlockLook {
  return {
    stampOf: (path) => {
      const info = lstatSync(`${directory}/${path}`, { bigint: true, throwIfNoEntry: false });
      return info?.isFile() === true ? toStamp(info) : none;
    },
    metaOf: (ulid) => {
      const descriptor = openSync(`${directory}/${ulid}/meta.json`, readNoLink);
      try {
        return hashMeta(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
    hasPlainChunks: (ulid) =>
      lstatSync(`${directory}/${ulid}/chunks`, { throwIfNoEntry: false })?.isDirectory() === true,
  };
}

const readNoLink = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function withOpened<T>(files: TsdbFiles, path: string, use: (opened: OpenedFile) => T): T | undefined {
  let opened: OpenedFile | undefined;
  try {
    opened = files.open(path);
    return use(opened);
  } catch (error) {
    if (error instanceof Damage) return undefined;
    throw error;
  } finally {
    opened?.release();
  }
}

/** One for all: a meta.json has some hundred bytes, and that of a large compaction some ten thousand. */
const metaBuffer = Buffer.allocUnsafe(1 << 18);

/** Null for one that is larger than any. */
function hashMeta(descriptor: number): { readonly sha256: string; readonly sizeBytes: number } | null {
  const sizeBytes = readSync(descriptor, metaBuffer, 0, metaBuffer.length, 0);
  if (sizeBytes === metaBuffer.length) return null;
  return { sha256: createHash('sha256').update(metaBuffer.subarray(0, sizeBytes)).digest('hex'), sizeBytes };
}

const none: FileStamp = { stamp: null, sizeBytes: 0, changedMs: 0 };

function toStamp({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  const changedMs = Number(ctimeNs / 1_000_000n);
  return { stamp: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, sizeBytes: Number(size), changedMs };
}

export interface ObservedBlock {
  readonly sizeBytes: number;
  /** Null where it is not whole, or was written just now: then its stamps might not tell what is written to it next. */
  readonly record: BlockRecord | null;
}

export function observeBlock(
  files: TsdbFiles,
  block: BlockMeta,
  { look, nowMs }: { readonly look: BlockLook; readonly nowMs: number },
): ObservedBlock {
  const { ulid, minTime, maxTime, parents, deletable } = block;
  const meta = look.metaOf(ulid);
  const names = ['index', 'tombstones', ...files.list(join(ulid, 'chunks')).map((name) => join('chunks', name))];
  const stamps = names.sort().map((name) => ({ name, ...look.stampOf(join(ulid, name)) }));
  const sizeBytes = stamps.reduce((sum, stamp) => sum + stamp.sizeBytes, meta?.sizeBytes ?? 0);
  if (meta === null || stamps.some(({ changedMs }) => nowMs - changedMs < settledMs)) {
    return { sizeBytes, record: null };
  }
  const stampOfFile = Object.fromEntries(stamps.map(({ name, stamp }) => [name, stamp]));
  const rest = { minTime, maxTime, parents, deletable, isInOrder: isInOrder(block) };
  return { sizeBytes, record: { ulid, meta: meta.sha256, files: stampOfFile, sizeBytes, ...rest } };
}

/** Times of files advance in steps, of 10 ms at most where the kernel is usual. */
const settledMs = 50;

/** True where the block is still as it was when it was recorded. */
export function isUnchanged(record: BlockRecord, look: BlockLook): boolean {
  if (look.metaOf(record.ulid)?.sha256 !== record.meta || !look.hasPlainChunks(record.ulid)) return false;
  for (const name in record.files) {
    if (look.stampOf(`${record.ulid}/${name}`).stamp !== record.files[name]) return false;
  }
  return true;
}

/** The rest of a record follows from meta.json and the sizes of the files. */
export function isSameRecord(one: BlockRecord, other: BlockRecord): boolean {
  const names = Object.keys(one.files);
  return (
    one.ulid === other.ulid &&
    one.meta === other.meta &&
    names.length === Object.keys(other.files).length &&
    names.every((name) => one.files[name] === other.files[name])
  );
}
