import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { Damage } from '../damage.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { readHeadChunks } from '../head/head-chunks.ts';
import { LastChunk } from '../head/last-chunk.ts';
import { samplesPerLateChunk } from '../head/mapped-late.ts';
import { openSegment } from '../head/open-segment.ts';
import { listWal, readWal } from '../head/wal-directory.ts';
import { parseRecord, type RecordSink } from '../head/wal-records.ts';
import type { WalRecord } from '../head/wal-segment.ts';

/** Samples beyond this are not looked for in head chunks. */
const mostSuspects = 1_000_000;

/**
 * How many samples of wbl/ a Prometheus that starts would drop since a marker says that a head chunk holds them, and none
 * does (mapped-late.ts); 0 mostly. Where series have got other references since, it may be some too many. To be called
 * while nobody writes there; other work gets its turn between two segments.
 */
export async function countFalselyMarked(dataDirectory: string): Promise<number> {
  const files = quietFiles(dataDirectory);
  const { files: segments } = listWal(files, 'wbl');
  if (!segments.some(({ path }) => holdsBytes(files, path))) return 0;
  const suspects = new Suspects(readLateChunks(files));
  for (const segment of segments) {
    const rules: string[] = [];
    const onDamage = (_: string, { rule }: Damage) => void rules.push(rule);
    const onRecord = ({ bytes }: WalRecord) => parseRecord(bytes, suspects.sink);
    readWal(files, { files: [segment], hole: null }, { onRecord, onDamage });
    if (rules.some((rule) => rule !== 'zero-filled')) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return suspects.count > mostSuspects ? suspects.count : suspects.countMissingIn(files);
}

interface LateChunks {
  readonly last: LastChunk;
  /** `file:offset` and the reference of chunks that say that they are out of order. */
  readonly places: ReadonlyMap<string, number>;
}

function readLateChunks(files: TsdbFiles): LateChunks {
  const last = new LastChunk();
  const places = new Map<string, number>();
  readHeadChunks(files, {
    onChunk: ({ offset, reference, isOutOfOrder }, file) => {
      last.note(file, offset);
      if (isOutOfOrder) places.set(`${file}:${offset}`, reference);
    },
    onDamage: (...[, , file]) => last.noteDamage(file),
  });
  return { last, places };
}

/** Samples that a marker drops without naming a chunk of their series that is there. */
class Suspects {
  count = 0;
  private readonly chunks: LateChunks;
  /** By the reference of the series: the times in the chunk in memory, and those under suspicion. */
  private readonly inMemory = new Map<number, number[]>();
  private readonly suspected = new Map<number, Set<number>>();

  constructor(chunks: LateChunks) {
    this.chunks = chunks;
  }

  readonly sink: RecordSink = {
    series: () => undefined,
    deletion: () => undefined,
    float: (reference, timeMs) => this.take(reference, timeMs),
    histogram: (reference, timeMs) => this.take(reference, timeMs),
    marker: (reference, file, offset) => this.mark(reference, file, offset),
  };

  /** How many of them are in no head chunk. */
  countMissingIn(files: TsdbFiles): number {
    if (this.suspected.size === 0) return 0;
    readHeadChunks(files, {
      onChunk: ({ reference, isOutOfOrder, encoding, data }) => {
        const suspected = this.suspected.get(reference);
        if (suspected === undefined || !isOutOfOrder) return;
        const forget = (timeMs: number) => suspected.delete(timeMs);
        decodeChunk(encoding, data, { float: forget, histogram: forget });
      },
      onDamage: () => undefined,
    });
    return [...this.suspected.values()].reduce((sum, { size }) => sum + size, 0);
  }

  private take(reference: number, timeMs: number): void {
    let times = this.inMemory.get(reference);
    if (times === undefined || times.length === samplesPerLateChunk) this.inMemory.set(reference, (times = []));
    if (!times.includes(timeMs)) times.push(timeMs);
  }

  private mark(reference: number, file: number, offset: number): void {
    const { last, places } = this.chunks;
    const times = this.inMemory.get(reference);
    if (times === undefined || !last.isAtOrBehind(file, offset)) return;
    this.inMemory.delete(reference);
    if (places.get(`${file}:${offset}`) === reference) return;
    const suspected = this.suspected.get(reference) ?? new Set();
    this.suspected.set(reference, suspected);
    this.count += times.length;
    if (this.count <= mostSuspects) for (const timeMs of times) suspected.add(timeMs);
  }
}

function holdsBytes(files: TsdbFiles, path: string): boolean {
  const file = openSegment(files, path);
  file?.close();
  return file !== undefined && file.sizeBytes > 0;
}
