import { crc32c } from './crc32c.ts';
import { windowBytes, type FileWindow } from './file-window.ts';

/** Goes over [from, to) of a file in pieces that fit into its window; all but the last are a multiple of four bytes. */
export function eachPiece(
  file: FileWindow,
  [from, to]: readonly [from: number, to: number],
  onPiece: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  for (let at = from; at < to; at += windowBytes) {
    const length = Math.min(windowBytes, to - at);
    const start = file.locate(at, length);
    onPiece(file.bytes, start, start + length);
  }
}

export function checksumOf(file: FileWindow, from: number, to: number): number {
  let sum = 0;
  eachPiece(file, [from, to], (bytes, start, end) => {
    sum = crc32c(bytes, start, end, sum);
  });
  return sum;
}

export function be32(bytes: Uint8Array, at: number): number {
  const upper = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return (upper | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

export function readBe32(file: FileWindow, offset: number): number {
  const at = file.locate(offset, 4);
  return be32(file.bytes, at);
}
