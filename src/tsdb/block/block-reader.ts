import { join } from 'node:path';
import { FileWindow } from '../bytes/file-window.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { requireFirstTime } from '../chunk/first-time.ts';
import type { SampleSink } from '../chunk/sample-sink.ts';
import { Damage } from '../damage.ts';
import type { BlockMeta } from '../../model/block.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { ChunkSegments, type RawChunk } from './chunk-segments.ts';
import { readIndexHeader } from './index-header.ts';
import { findMisplaced } from './misplaced-files.ts';
import { readSeries, type ChunkMeta, type SeriesEntry, type SeriesPart } from './series-reader.ts';
import { readSymbols } from './symbols.ts';
import { readTombstones, type Tombstones } from './tombstones.ts';

/** Bytes of a block that cannot be believed, and what that hits. */
export interface BlockDamage {
  /** Below the data directory. */
  readonly file: string;
  readonly offset: number;
  readonly damage: Damage;
  /** The labels of the series that it hits, where they are known. */
  readonly labels: readonly Uint8Array[] | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface BlockReaderOptions {
  /** What meta.json counts: another number of series in the index is damage. Null where nobody has counted. */
  readonly seriesCount: number | null;
  /** [minTime, maxTime) of meta.json: a chunk outside of it is damage, since queries do not find it. Left out where that does not matter. */
  readonly times?: Pick<BlockMeta, 'minTime' | 'maxTime'>;
  /** From then on nothing of it is wanted, as if it were deleted. */
  readonly untilMs?: number;
  readonly onDamage: (damage: BlockDamage) => void;
  /** Told how many bytes were read from the disk. */
  readonly onRead?: (bytes: number) => void;
  /** Only a part of the series; all others are told by the readers of the other parts. */
  readonly part?: SeriesPart;
  /** What index and chunks are read into, each its own; else each reader has buffers of its own. */
  readonly buffers?: readonly [index: Uint8Array<ArrayBuffer>, chunks: Uint8Array<ArrayBuffer>];
  /** Chunks for which it is false are not read. */
  readonly isWanted?: (chunk: ChunkMeta) => boolean;
}

/** One block, open for reading its series in the order of their labels. */
export class BlockReader {
  /** Its name in the data directory. */
  readonly directory: string;
  private readonly options: BlockReaderOptions;
  private readonly index: FileWindow;
  private readonly segments: ChunkSegments;
  readonly tombstones: Tombstones;
  private readonly files: TsdbFiles;
  private misplacedFrom: number | undefined;
  private hasToldOutside = false;

  /** Throws Damage where there is no index. */
  constructor(files: TsdbFiles, directory: string, options: BlockReaderOptions) {
    const onRead = options.onRead ?? (() => undefined);
    this.files = files;
    this.directory = directory;
    this.options = options;
    this.tombstones = this.readStones(files);
    this.segments = new ChunkSegments(files, join(directory, 'chunks'), {
      onRead,
      ...(options.buffers && { buffer: options.buffers[1] }),
    });
    this.index = new FileWindow(files.open(join(directory, 'index')), onRead, options.buffers?.[0]);
  }

  /** Damaged series are told to `onDamage` and left out. */
  *series(): Generator<SeriesEntry, void> {
    const file = join(this.directory, 'index');
    try {
      const header = readIndexHeader(this.index);
      const symbols = readSymbols(this.index, header);
      let count = 0;
      const walk = { part: this.options.part, onPassed: () => (count += 1) };
      for (const entry of readSeries(this.index, header, symbols, walk)) {
        count += 1;
        if ('damage' in entry) this.tell({ file, offset: entry.offset, damage: entry.damage });
        else yield entry;
      }
      this.compareCount(count, file);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.tellOnce({ file, offset: error.offset, damage: error });
    }
    // A block with such a file is not read in parts.
    if (this.options.part === undefined) {
      this.segments.checkOthers((path, damage) => this.tell({ file: path, offset: damage.offset, damage }));
    }
  }

  /** The samples of a series, chunk by chunk; what cannot be read is told to `onDamage`. */
  readSamples(entry: SeriesEntry, sink: SampleSink): void {
    this.readChunks(entry, (encoding, data) => decodeChunk(encoding, data, sink));
  }

  /** The chunks of a series as they are stored; what cannot be read, also by `onChunk`, is told to `onDamage`. */
  readChunks(entry: SeriesEntry, onChunk: (encoding: number, data: Uint8Array) => void): void {
    for (const chunk of entry.chunks) this.readOne(entry, chunk, onChunk);
  }

  /** As `readChunks`, of one of its chunks. */
  readOne(entry: SeriesEntry, chunk: ChunkMeta, onChunk: (encoding: number, data: Uint8Array) => void): void {
    if (this.options.isWanted?.(chunk) === false) return;
    if (this.isOutside(chunk)) {
      this.tellOutside(entry, chunk);
      return;
    }
    this.trying(entry, chunk, () => {
      const { encoding, data } = this.readWhole(chunk);
      onChunk(encoding, data);
    });
  }

  /** The bytes of a chunk as they are stored, their checksum verified; what cannot be read is told and undefined. */
  readRaw(entry: SeriesEntry, chunk: ChunkMeta): RawChunk | undefined {
    let raw: RawChunk | undefined;
    this.trying(entry, chunk, () => (raw = this.readWhole(chunk)));
    return raw;
  }

  /** What is left out of a series; undefined where nothing is. Both ends are inclusive. */
  deletedOf({ reference }: Pick<SeriesEntry, 'reference'>): readonly (readonly [number, number])[] | undefined {
    const { untilMs } = this.options;
    const deleted = this.tombstones.get(reference);
    return untilMs === undefined ? deleted : [...(deleted ?? []), [untilMs, Infinity]];
  }

  /** The file that a chunk lies in, below the data directory. */
  fileOf({ segment }: Pick<ChunkMeta, 'segment'>): string {
    return this.segments.pathOf(segment);
  }

  /** Once all chunks have been read: where bytes of chunk files begin that belong to no series. */
  listUncovered(): ReturnType<ChunkSegments['listUncovered']> {
    return this.segments.listUncovered();
  }

  close(): void {
    this.index.close();
    this.segments.close();
  }

  private readWhole(chunk: ChunkMeta): RawChunk {
    const { segment, offset } = chunk;
    this.misplacedFrom ??= findMisplaced(this.files, this.directory);
    if (segment >= this.misplacedFrom) throw new Damage('bad-structure', misplaced, offset);
    const raw = this.segments.read(segment, offset);
    requireFirstTime(raw.encoding, raw.data, chunk);
    return raw;
  }

  /** Entries that were zeroed up to the end of their section look like padding. */
  private compareCount(count: number, file: string): void {
    const { seriesCount, part } = this.options;
    if (seriesCount === null || count === seriesCount) return;
    // Only the last part has gone over all of them.
    if (part !== undefined && part.number < part.count - 1) return;
    const message = `meta.json counts ${seriesCount} series, and the index holds ${count}`;
    this.tell({ file, offset: 0, damage: new Damage('bad-structure', message, 0) });
  }

  private isOutside({ minTime, maxTime }: ChunkMeta): boolean {
    const { times } = this.options;
    return times !== undefined && (minTime < times.minTime || maxTime >= times.maxTime);
  }

  /** Once is enough: it is meta.json that is wrong, and most often for every series alike. */
  private tellOutside({ labels }: SeriesEntry, { minTime: fromMs, maxTime: toMs }: ChunkMeta): void {
    if (this.hasToldOutside) return;
    this.hasToldOutside = true;
    const { minTime, maxTime } = this.options.times ?? {};
    const message = `it says [${minTime}, ${maxTime}), and there are chunks outside of it, as one from ${fromMs} to ${toMs}: queries do not find all of them`;
    const damage = new Damage('out-of-range', message, 0);
    this.tell({ file: join(this.directory, 'meta.json'), offset: 0, damage, labels, fromMs, toMs });
  }

  private trying(entry: SeriesEntry, chunk: ChunkMeta, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const { minTime: fromMs, maxTime: toMs } = chunk;
      const file = this.segments.pathOf(chunk.segment);
      this.tell({ file, offset: chunk.offset, damage: error, labels: entry.labels, fromMs, toMs });
    }
  }

  private readStones(files: TsdbFiles): Tombstones {
    const file = join(this.directory, 'tombstones');
    try {
      return readTombstones(files, file);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.tellOnce({ file, offset: error.offset, damage: error });
      return new Map();
    }
  }

  /** What the readers of all parts of a block see is told by the first. */
  private tellOnce(found: Parameters<BlockReader['tell']>[0]): void {
    if ((this.options.part?.number ?? 0) === 0) this.tell(found);
  }

  private tell(found: Partial<BlockDamage> & Pick<BlockDamage, 'file' | 'offset' | 'damage'>): void {
    this.options.onDamage({ labels: null, fromMs: null, toMs: null, ...found });
  }
}

const misplaced =
  'a chunk file is missing, or one too many is among them: Prometheus goes by the order of their names, and looks for this chunk in another file';
