import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { Damage } from '../damage.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { readHeadChunks } from '../head/head-chunks.ts';
import { LastChunk } from '../head/last-chunk.ts';
import type { Doubtful } from '../inventory/late-samples.ts';
import { samplesPerLateChunk } from '../head/mapped-late.ts';
import { openSegment } from '../head/open-segment.ts';
import { listWal, readWal } from '../head/wal-directory.ts';
import { parseRecord, type RecordSink } from '../head/wal-records.ts';
import type { WalRecord } from '../head/wal-segment.ts';

/** No more than these are kept and looked for in head chunks. */
const mostSuspects = 1_000_000;

/**
 * Samples of wbl/ that a Prometheus that starts would drop since a marker says that a head chunk holds them, and none does
 * (mapped-late.ts); undefined mostly. Where series have got other references since, it may be some too many. To be called
 * while nobody writes there.
 */
export function findFalselyMarked(files: TsdbFiles): Doubtful | undefined {
  for (const steps = lookThrough(files); ;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same of a data directory, while other work gets its turn between two segments. */
export async function awaitFalselyMarked(dataDirectory: string): Promise<Doubtful | undefined> {
  for (const steps = lookThrough(quietFiles(dataDirectory)); ;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Stops behind each segment. */
function* lookThrough(files: TsdbFiles): Generator<undefined, Doubtful | undefined> {
  const { files: segments } = listWal(files, 'wbl');
  if (!segments.some(({ path }) => holdsBytes(files, path))) return undefined;
  const suspects = new Suspects(readLateChunks(files));
  for (const segment of segments) {
    const rules: string[] = [];
    const onDamage = (_: string, { rule }: Damage) => void rules.push(rule);
    const onRecord = ({ bytes }: WalRecord) => parseRecord(bytes, suspects.sink);
    readWal(files, { files: [segment], hole: null }, { onRecord, onDamage });
    if (rules.some((rule) => rule !== 'zero-filled')) break;
    yield;
  }
  return suspects.findMissingIn(files);
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
  private count = 0;
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

  /** Those that are in no head chunk; all of them where they are very many. */
  findMissingIn(files: TsdbFiles): Doubtful | undefined {
    if (this.suspected.size === 0) return undefined;
    if (this.count <= mostSuspects) this.forgetThoseIn(files);
    let [samples, fromMs, toMs] = [0, Infinity, -Infinity];
    for (const times of this.suspected.values()) {
      for (const timeMs of times) {
        samples += 1;
        fromMs = Math.min(fromMs, timeMs);
        toMs = Math.max(toMs, timeMs);
      }
    }
    return samples === 0 ? undefined : { doubt: 'marked', samples, fromMs, toMs };
  }

  private forgetThoseIn(files: TsdbFiles): void {
    readHeadChunks(files, {
      onChunk: ({ offset, reference, isOutOfOrder, encoding, data }, file) => {
        const suspected = this.suspected.get(reference);
        // Prometheus deletes a damaged file, with the chunks in it that are whole.
        if (suspected === undefined || !isOutOfOrder || !this.chunks.last.isAtOrBehind(file, offset)) return;
        const forget = (timeMs: number) => suspected.delete(timeMs);
        decodeChunk(encoding, data, { float: forget, histogram: forget });
      },
      onDamage: () => undefined,
    });
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
