import { join } from 'node:path';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { FileWindow, windowBytes } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** A chunk of the head that was moved out of memory (head_chunks.md). Times are inclusive. */
export interface HeadChunk {
  /** In its file. */
  readonly offset: number;
  readonly reference: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly encoding: number;
  readonly isOutOfOrder: boolean;
  /** Valid until the next chunk. */
  readonly data: Uint8Array;
}

export interface HeadChunkEvents {
  readonly onChunk: (chunk: HeadChunk, file: number) => void;
  /** The rest of that file is not read. */
  readonly onDamage: (path: string, damage: Damage, file: number) => void;
  readonly onRead?: (bytes: number) => void;
}

const magic = 0x0130bc91;
const fileHeaderBytes = 8;
const magicBytes = 4;
const tooShort = 'a head chunk file is too short, and Prometheus does not start';
const fixedBytes = 25;
const longestLength = 5;
const outOfOrderFlag = 0x80;

/** Reads chunks_head/ in the order of its files; nothing where there is no such directory. */
export function readHeadChunks(files: TsdbFiles, events: HeadChunkEvents): void {
  const names = listNumbered(files, 'chunks_head');
  for (const name of names) {
    const path = join('chunks_head', name);
    let file: FileWindow | undefined;
    try {
      file = new FileWindow(files.open(path), events.onRead);
      if (name === names.at(-1) && isUnwritten(file, Number(name))) continue;
      readHeadChunkFile(file, (chunk) => events.onChunk(chunk, Number(name)));
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      events.onDamage(path, error, Number(name));
    } finally {
      file?.close();
    }
  }
}

/** Files whose names are numbers, in the order of these. */
export function listNumbered(files: TsdbFiles, directory: string): readonly string[] {
  const names = files.list(directory).filter((name) => /^\d+$/.test(name));
  return names.sort((one, other) => Number(one) - Number(other));
}

/**
 * True for a last file that was made just before a crash: Prometheus removes it (head_chunks.go repairLastChunkFile), but for
 * one with the number 0, which it does not write.
 */
export function isUnwritten(file: FileWindow, number: number): boolean {
  if (number === 0) return false;
  if (file.sizeBytes < magicBytes) return true;
  const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
  return isZero(file.readUpTo(0, magicBytes)) && isZero(file.readUpTo(0, windowBytes));
}

/** Tells the chunks of one file. Returns where they end; behind that lies what a file is filled with in advance. Throws Damage. */
export function readHeadChunkFile(file: FileWindow, onChunk: (chunk: HeadChunk) => void): number {
  if (file.sizeBytes < fileHeaderBytes) throw new Damage('truncated', tooShort, 0);
  const head = new ByteCursor(file.read(0, fileHeaderBytes));
  if (head.be32() !== magic) throw new Damage('bad-magic', 'a head chunk file does not begin as one', 0);
  if (head.byte() !== 1) throw new Damage('bad-version', 'a head chunk file has an unknown version', 4);
  let at = fileHeaderBytes;
  while (at < file.sizeBytes) {
    const next = readChunk(file, at, onChunk);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** Undefined at the zeros that a file is filled with in advance. */
function readChunk(file: FileWindow, at: number, onChunk: (chunk: HeadChunk) => void): number | undefined {
  const start = file.readUpTo(at, fixedBytes + longestLength);
  if (start.every((byte) => byte === 0)) return undefined;
  const cursor = new ByteCursor(start);
  if (start.length < fixedBytes) throw new Damage('truncated', 'a head chunk is cut off', at);
  // Rounded where a double does not hold them: no series that we know has such a reference.
  const reference = Number(cursor.wideBe64());
  const minTime = Number(cursor.wideBe64());
  const maxTime = Number(cursor.wideBe64());
  const encoding = cursor.byte();
  const length = cursor.uvarint();
  const total = cursor.at + length + 4;
  const dataAt = cursor.at;
  const bytes = file.read(at, total);
  if (crc32c(bytes, 0, total - 4) !== new ByteCursor(bytes, total - 4).be32()) {
    throw new Damage('bad-checksum', 'a head chunk has a wrong checksum', at);
  }
  onChunk({
    offset: at,
    reference,
    minTime,
    maxTime,
    encoding: encoding & ~outOfOrderFlag,
    isOutOfOrder: (encoding & outOfOrderFlag) !== 0,
    data: bytes.subarray(dataAt, total - 4),
  });
  return at + total;
}
