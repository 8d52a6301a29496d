import { join } from 'node:path';
import { chunkFileName, chunkFilesInOrder, type ChunkFiles } from '../block/chunk-files.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { windowBytes, type FileWindow } from '../bytes/file-window.ts';
import { firstTimeAt, requireTimeAt } from '../chunk/first-time.ts';
import { Damage } from '../damage.ts';
import { openWindow, type CheckContext } from './check-context.ts';
import { requireEncoding, sampleCount } from './chunk-head.ts';
import { be32, checksumOf, readBe32 } from '../bytes/pieces.ts';
import { findNonZero } from '../bytes/zero-run.ts';

export interface WantedChunk {
  /** File number, from 1. */
  readonly segment: number;
  readonly offset: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** The labels of its series, where they are known; called where something is wrong. */
  readonly series: () => readonly Uint8Array[] | null;
}

const magic = 0x85bd40dd;
const headerBytes = 8;
const longestLength = 5;
const checksumBytes = 4;
const longestTime = 10;
/** Encoding, number of samples, a header of the encoding and the first time. */
const headBytes = 4 + longestTime;

/** What was counted in the chunks that are whole. */
export interface ChunkTotals {
  readonly chunks: number;
  readonly samples: number;
  readonly histograms: number;
}

/**
 * Goes over a block's chunk files from the first byte to the last, side by side with the series of the index: each chunk
 * that one refers to must begin where the one before it ended, so that no byte is left out.
 */
export class ChunkWalk {
  private readonly context: CheckContext;
  private readonly directory: string;
  private names: ChunkFiles = new Map();
  /** False where the directory cannot be listed: that is told, and no file of it is missed. */
  private readonly isListed: boolean;
  private segment = 0;
  private file: FileWindow | undefined;
  /** End of the chunk before. */
  private at = 0;
  /** True behind a damaged chunk, whose length cannot be believed. */
  private isLost = false;
  /** Where the chunk that is being read ends, as far as its length is known. */
  private claimedEnd = 0;
  /** True where the chunks of a damaged series may lie in between. */
  private mayHoldOthers = false;
  private missing: { chunks: number; fromMs: number; toMs: number } | undefined;
  private chunks = 0;
  private samples = 0;
  private histograms = 0;
  /** False where a chunk could not be counted. */
  isWhole = true;

  /** `place` says which file is which. */
  constructor(context: CheckContext, directory: string, place = chunkFilesInOrder) {
    this.context = context;
    this.directory = directory;
    this.isListed = context.report.guard(directory, () => {
      this.names = place(context.files.list(directory));
    });
  }

  get totals(): ChunkTotals {
    return { chunks: this.chunks, samples: this.samples, histograms: this.histograms };
  }

  /** A series of the index is damaged: what lies before the next known chunk may be its chunks. */
  expectOthers(): void {
    this.mayHoldOthers = true;
  }

  /** Reads the next chunk that a series refers to. */
  take(wanted: WantedChunk): void {
    if (wanted.segment !== this.segment && !this.moveTo(wanted)) return;
    if (this.file === undefined) {
      this.countMissing(wanted);
      return;
    }
    if (wanted.offset < this.at && !this.isLost) {
      this.tell(wanted, new Damage('bad-structure', 'two chunks overlap, or are not in the order of their series', 0));
      return;
    }
    if (wanted.offset > this.at && !this.isLost) this.passOver(this.at, Math.min(wanted.offset, this.file.sizeBytes));
    this.isLost = false;
    this.mayHoldOthers = false;
    this.at = wanted.offset;
    try {
      this.at = this.read(this.file, wanted.offset, wanted);
      this.chunks += 1;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.isLost = true;
      this.tell(wanted, error);
    }
  }

  /** Reads what is left behind the last chunk that a series refers to, and files that none does. */
  finish(): void {
    this.endSegment();
    for (const segment of [...this.names.keys()].sort((a, b) => a - b)) {
      if (segment <= this.segment) continue;
      this.open(segment);
      this.endSegment();
    }
  }

  /** False where the chunk lies in a file that the walk has left. */
  private moveTo(wanted: WantedChunk): boolean {
    if (wanted.segment < this.segment) {
      this.tell(wanted, new Damage('bad-structure', 'chunks are not in the order of their series', 0));
      return false;
    }
    this.endSegment();
    const between = [...this.names.keys()].filter((number) => number > this.segment && number < wanted.segment);
    for (const segment of between.sort((a, b) => a - b)) {
      this.open(segment);
      this.endSegment();
    }
    this.open(wanted.segment);
    return true;
  }

  private open(segment: number): void {
    this.segment = segment;
    this.at = headerBytes;
    this.isLost = false;
    const path = this.pathOf(segment);
    this.context.report.guard(path, () => {
      if (!this.names.has(segment)) return;
      this.file = openWindow(this.context, path, 1);
      checkHeader(this.file);
    });
  }

  private endSegment(): void {
    const { file, missing, segment } = this;
    if (missing !== undefined) this.tellMissing(segment, missing);
    this.missing = undefined;
    this.file = undefined;
    if (file === undefined) return;
    try {
      this.file = file;
      if (!this.isLost && this.at < file.sizeBytes) this.passOver(this.at, file.sizeBytes);
    } finally {
      this.file = undefined;
      file.close();
    }
  }

  /** Bytes that no series refers to: the chunks of a damaged series, or what should not be there. */
  private passOver(from: number, to: number): void {
    const { report } = this.context;
    const file = this.file as FileWindow;
    const place = { file: this.pathOf(this.segment), offset: from };
    let at = from;
    let count = 0;
    try {
      while (at < to) {
        at = this.read(file, at, null);
        count += 1;
      }
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.isWhole = false;
      const words = `${error.message}, and no series of the index refers to it`;
      report.damage({ ...place, offset: at }, new Damage(error.rule, words, at), { window: file, to });
      return;
    }
    this.chunks += count;
    if (this.mayHoldOthers) return;
    this.isWhole = false;
    const what = at === to ? `${count} chunks` : `chunks that end at ${at}`;
    report.error('unreferenced-chunks', place, `${place.file}: bytes ${from} to ${to} are ${what} of no series.`);
  }

  /** The end of the chunk at `offset`. `wanted` is who refers to it, where that is known. */
  private read(file: FileWindow, offset: number, wanted: WantedChunk | null): number {
    this.claimedEnd = offset + headerBytes;
    const head = Math.min(longestLength, file.sizeBytes - offset);
    if (head <= 0) throw new Damage('truncated', `the file ends at byte ${file.sizeBytes}, before a chunk`, offset);
    const start = file.locate(offset, head);
    const lengthBytes = lengthOfLength(file.bytes, start, head);
    const content = 1 + readLength(file.bytes, start, lengthBytes);
    const from = offset + lengthBytes;
    const end = from + content + checksumBytes;
    if (end > file.sizeBytes) {
      throw new Damage('truncated', `the file ends at byte ${file.sizeBytes}, within a chunk`, offset);
    }
    this.claimedEnd = end;
    if (content + checksumBytes > windowBytes) this.readLarge(file, from, end);
    else {
      const at = file.locate(from, content + checksumBytes);
      const { bytes } = file;
      if (crc32c(bytes, at, at + content) !== be32(bytes, at + content)) throw badChecksum(offset);
    }
    this.look(file, file.locate(from, Math.min(content, headBytes)), { content, wanted });
    return end;
  }

  /** One that is larger than the window. */
  private readLarge(file: FileWindow, from: number, end: number): void {
    const sum = checksumOf(file, from, end - checksumBytes);
    if (sum !== readBe32(file, end - checksumBytes)) throw badChecksum(from);
  }

  /** Encoding, number of samples and first time, which are there without decoding. */
  private look(
    file: FileWindow,
    at: number,
    { content, wanted }: { readonly content: number; readonly wanted: WantedChunk | null },
  ): void {
    const { bytes } = file;
    const encoding = bytes[at] as number;
    requireEncoding(encoding);
    const samples = content < 3 ? 0 : sampleCount(encoding, bytes[at + 1] as number, bytes[at + 2] as number);
    if (samples === 0) throw new Damage('bad-structure', 'a chunk holds no sample', 0);
    this.samples += samples;
    const timeAt = firstTimeAt(encoding);
    if (timeAt === undefined) this.histograms += samples;
    else if (wanted !== null) {
      const { fromMs: minTime, toMs: maxTime } = wanted;
      requireTimeAt(bytes, { from: at + 1 + timeAt, to: at + content, minTime, maxTime });
    }
  }

  private countMissing({ fromMs, toMs }: WantedChunk): void {
    this.isWhole = false;
    const before = this.missing ?? { chunks: 0, fromMs, toMs };
    before.chunks += 1;
    before.fromMs = Math.min(before.fromMs, fromMs);
    before.toMs = Math.max(before.toMs, toMs);
    this.missing = before;
  }

  private tellMissing(
    segment: number,
    { chunks, fromMs, toMs }: { chunks: number; fromMs: number; toMs: number },
  ): void {
    // One that is there and could not be opened has been told.
    if (this.names.has(segment) || !this.isListed) return;
    const file = this.pathOf(segment);
    const message = `${file} is missing: ${chunks} chunks of the index lie in it.`;
    this.context.report.error('missing', { file, fromMs, toMs }, message);
  }

  private tell({ segment, offset, fromMs, toMs, series }: WantedChunk, damage: Damage): void {
    this.isWhole = false;
    const place = { file: this.pathOf(segment), offset, fromMs, toMs, series: series() };
    const { file } = this;
    const isHere = file !== undefined && segment === this.segment;
    this.context.report.damage(place, damage, isHere ? { window: file, to: this.claimedEnd } : undefined);
  }

  private pathOf(segment: number): string {
    return join(this.directory, this.names.get(segment) ?? chunkFileName(segment));
  }
}

function checkHeader(file: FileWindow): void {
  const at = file.locate(0, headerBytes);
  const { bytes } = file;
  if (be32(bytes, at) !== magic) throw new Damage('bad-magic', 'a chunk file does not begin as one', 0);
  if (bytes[at + 4] !== 1) throw new Damage('bad-version', 'a chunk file has an unknown version', 4);
  const wrong = findNonZero(file, 5, headerBytes);
  if (wrong !== undefined) throw new Damage('bad-structure', 'the padding of the header is not zero', wrong);
}

function badChecksum(offset: number): Damage {
  return new Damage('bad-checksum', 'a chunk has a wrong checksum', offset);
}

function lengthOfLength(bytes: Uint8Array, start: number, most: number): number {
  for (let count = 1; count <= most; count += 1) if ((bytes[start + count - 1] as number) < 0x80) return count;
  throw new Damage('bad-structure', 'the length of a chunk is no number', 0);
}

function readLength(bytes: Uint8Array, start: number, count: number): number {
  let length = 0;
  for (let index = count - 1; index >= 0; index -= 1) length = length * 128 + ((bytes[start + index] as number) & 0x7f);
  return length;
}
