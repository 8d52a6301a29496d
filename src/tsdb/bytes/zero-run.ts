import { windowBytes, type FileWindow } from './file-window.ts';

/** The smallest unit that a disk writes, and so the least that is left as zeros. */
const sectorBytes = 512;
const furthestBytes = 64 << 20;

export interface ByteRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * Zeros that take up a whole sector, or a file's last one, and reach into [from, to): what a crash leaves where a file's
 * size was written and its content was not, as NFS does. Undefined where there are none.
 */
export function findZeroRun(file: FileWindow, from: number, to: number): ByteRange | undefined {
  const end = Math.min(to, file.sizeBytes, from + windowBytes);
  for (let at = from - (from % sectorBytes); at < end; at += sectorBytes) {
    const next = Math.min(at + sectorBytes, file.sizeBytes);
    if (next > at && isZero(file, at, next)) return widen(file, { from: at, to: next });
  }
  return undefined;
}

/** The first byte of [from, to) that is not zero. */
export function findNonZero(file: FileWindow, from: number, to: number): number | undefined {
  for (let at = from; at < to; at += windowBytes) {
    const length = Math.min(windowBytes, to - at);
    const start = file.locate(at, length);
    const { bytes } = file;
    for (let index = start; index < start + length; index += 1) if (bytes[index] !== 0) return at + index - start;
  }
  return undefined;
}

function isZero(file: FileWindow, from: number, to: number): boolean {
  return findNonZero(file, from, to) === undefined;
}

function widen(file: FileWindow, { from, to }: ByteRange): ByteRange {
  const first = Math.max(0, from - furthestBytes);
  let begin = from;
  while (begin - sectorBytes >= first && isZero(file, begin - sectorBytes, begin)) begin -= sectorBytes;
  const last = Math.min(file.sizeBytes, to + furthestBytes);
  return { from: begin, to: findNonZero(file, to, last) ?? last };
}
