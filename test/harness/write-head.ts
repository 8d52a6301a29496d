import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32c } from '../../src/tsdb/bytes/crc32c.ts';
import { ByteWriter } from '../../src/tsdb/write/byte-writer.ts';
import { SegmentWriter } from '../../src/tsdb/write/segment-writer.ts';
import { XorEncoder } from '../../src/tsdb/write/xor-encoder.ts';
import { recordTypes } from '../../src/tsdb/head/wal-records.ts';

export type WalSample = readonly [reference: number, timeMs: number, value: number];

/** A record of a WAL as record.go lays it out. */
export type WalEntry =
  | { readonly series: number; readonly labels: Readonly<Record<string, string>> }
  | { readonly samples: readonly WalSample[] }
  /** Both ends inclusive. */
  | { readonly deleted: number; readonly fromMs: number; readonly toMs: number }
  /** The whole series, as a current Prometheus writes once it has compacted a stale one. */
  | { readonly gone: number }
  /** As it is. */
  | { readonly record: Uint8Array }
  /** In a WBL: what came before of these series is said to be in the head chunk at that offset of that file. */
  | { readonly markers: readonly (readonly [reference: number, file: number, offset: number])[] };

/** Writes one segment. */
export function writeWal(path: string, entries: readonly WalEntry[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const segment = new SegmentWriter(path);
  for (const entry of entries) segment.write({ compression: 'none', bytes: encodeRecord(entry) });
  segment.finish();
}

function encodeRecord(entry: WalEntry): Uint8Array {
  const to = new ByteWriter();
  if ('record' in entry) return entry.record;
  if ('series' in entry) {
    const labels = Object.entries(entry.labels).sort(([one], [other]) => (one < other ? -1 : 1));
    to.byte(recordTypes.series).be64(entry.series).uvarint(labels.length);
    for (const text of labels.flat()) to.uvarintBytes(Buffer.from(text));
  } else if ('samples' in entry) {
    const [[reference, timeMs] = [0, 0]] = entry.samples;
    to.byte(recordTypes.samples).be64(reference).be64(timeMs);
    for (const [ofSeries, atMs, value] of entry.samples) {
      const { high, low } = bitsOf(value);
      to.varint(ofSeries - reference)
        .varint(atMs - timeMs)
        .be32(high)
        .be32(low);
    }
  } else if ('markers' in entry) {
    to.byte(recordTypes.mmapMarkers);
    for (const [reference, file, offset] of entry.markers) to.be64(reference).be32(file).be32(offset);
  } else if ('deleted' in entry) {
    to.byte(recordTypes.tombstones).be64(entry.deleted).varint(entry.fromMs).varint(entry.toMs);
  } else {
    to.byte(recordTypes.tombstones).be64(entry.gone).put(smallestInteger).put(largestInteger);
  }
  return Uint8Array.from(to.written);
}

/** Go's smallest and largest int64 as varints. */
const smallestInteger = Buffer.from('ffffffffffffffffff01', 'hex');
const largestInteger = Buffer.from('feffffffffffffffff01', 'hex');

export interface HeadChunkToWrite {
  readonly reference: number;
  readonly isOutOfOrder?: boolean;
  /** By their times. */
  readonly points: readonly (readonly [timeMs: number, value: number])[];
}

/** Writes one file of chunks_head/ (head_chunks.md). Returns where each chunk begins. */
export function writeHeadChunks(path: string, chunks: readonly HeadChunkToWrite[]): readonly number[] {
  mkdirSync(dirname(path), { recursive: true });
  const header = new ByteWriter().be32(0x0130bc91).byte(1).byte(0).be16(0).written;
  const encoded = chunks.map(encodeHeadChunk);
  writeFileSync(path, Buffer.concat([header, ...encoded]));
  let at = header.length;
  return encoded.map(({ length }) => (at += length) - length);
}

function encodeHeadChunk({ reference, isOutOfOrder = false, points }: HeadChunkToWrite): Buffer {
  const encoder = new XorEncoder();
  for (const [timeMs, value] of points) {
    const { high, low } = bitsOf(value);
    encoder.add(timeMs, high, low);
  }
  const to = new ByteWriter().be64(reference);
  to.be64(points[0]?.[0] ?? 0).be64(points.at(-1)?.[0] ?? 0);
  to.byte(isOutOfOrder ? 0x81 : 1).uvarintBytes(encoder.finish());
  return Buffer.from(to.be32(crc32c(to.written)).written);
}

function bitsOf(value: number): { readonly high: number; readonly low: number } {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return { high: bits.readUInt32BE(0), low: bits.readUInt32BE(4) };
}
