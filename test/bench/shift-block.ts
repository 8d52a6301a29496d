import { crc32c } from '../../src/tsdb/bytes/crc32c.ts';

/**
 * Moves the times of a block's files in place (prometheus/tsdb/docs/format/{chunks,index}.md). A shift of days changes
 * no varint's length, so nothing else moves: in a chunk only its first time is absolute, in the index that of each chunk.
 */

/** A segment of chunks: 8 bytes of header, then length, encoding, data and checksum of each. */
export function shiftChunks(segment: Buffer, shiftMs: number): Buffer {
  const moved = Buffer.from(segment);
  for (let at = 8; at < moved.length;) {
    const length = readUvarint(moved, at);
    const encoding = at + length.bytes;
    const data = encoding + 1;
    if (moved[encoding] !== 1) throw new Error(`The chunk at ${at} is no XOR chunk.`);
    // Two bytes hold the number of samples.
    shiftVarint(moved, data + 2, shiftMs);
    const end = data + Number(length.value);
    moved.writeUInt32BE(crc32c(moved, encoding, end), end);
    at = end + 4;
  }
  return moved;
}

/** The series section lies between the symbols and the label indices; each entry is aligned to 16 bytes. */
export function shiftIndex(index: Buffer, shiftMs: number): Buffer {
  const moved = Buffer.from(index);
  const contents = moved.length - 52;
  const [from, to] = [Number(moved.readBigUInt64BE(contents + 8)), Number(moved.readBigUInt64BE(contents + 16))];
  for (let at = align(from); at < to;) {
    const length = readUvarint(moved, at);
    if (length.value === 0n) break;
    const begin = at + length.bytes;
    const end = begin + Number(length.value);
    shiftFirstChunk(moved, begin, shiftMs);
    moved.writeUInt32BE(crc32c(moved, begin, end), end);
    at = align(end + 4);
  }
  return moved;
}

/** After the labels comes the first chunk with its absolute time; the times of the others are relative to the one before. */
function shiftFirstChunk(index: Buffer, begin: number, shiftMs: number): void {
  const labels = readUvarint(index, begin);
  let at = begin + labels.bytes;
  for (let symbol = 0; symbol < 2 * Number(labels.value); symbol += 1) at += readUvarint(index, at).bytes;
  const chunks = readUvarint(index, at);
  if (chunks.value > 0n) shiftVarint(index, at + chunks.bytes, shiftMs);
}

function align(offset: number): number {
  return Math.ceil(offset / 16) * 16;
}

function shiftVarint(buffer: Buffer, at: number, shiftMs: number): void {
  const { value, bytes } = readUvarint(buffer, at);
  // Zigzag: an even number is a positive one.
  let rest = value + 2n * BigInt(shiftMs);
  for (let index = 0; index < bytes; index += 1) {
    const isLast = index === bytes - 1;
    buffer[at + index] = Number(rest & 0x7fn) | (isLast ? 0 : 0x80);
    rest >>= 7n;
  }
  if (rest !== 0n) throw new Error(`The time at ${at} has become longer.`);
}

function readUvarint(buffer: Buffer, at: number): { readonly value: bigint; readonly bytes: number } {
  let value = 0n;
  for (let bytes = 0; ; bytes += 1) {
    const byte = buffer[at + bytes];
    if (byte === undefined || bytes > 9) throw new Error(`There is no varint at ${at}.`);
    value |= BigInt(byte & 0x7f) << BigInt(7 * bytes);
    if (byte < 0x80) return { value, bytes: bytes + 1 };
  }
}
