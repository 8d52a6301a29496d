import type { BlockReader } from '../block/block-reader.ts';
import type { ChunkMeta, SeriesEntry } from '../block/series-reader.ts';
import { isDeleted } from '../block/tombstones.ts';
import { decodeChunk } from '../chunk/decode-chunk.ts';
import { isStaleMarker, type HistogramSample, type SampleSink } from '../chunk/sample-sink.ts';

/** Two blocks hold different values of one series at one time: Prometheus shows one of them, and nobody knows which. */
export interface Conflict {
  readonly labels: readonly Uint8Array[];
  readonly timeMs: number;
}

/** Takes samples, and chunks as they are stored. */
export interface MergeSink extends SampleSink {
  chunk(encoding: number, data: Uint8Array): void;
  /** Takes other values at the time of the sample before. */
  readonly besides?: SampleSink;
}

export interface MergedSeries {
  readonly labels: readonly Uint8Array[];
  /** Tells each time once, in order, without what was deleted; a stale marker where no block holds a value at its time. */
  readonly read: (sink: MergeSink) => void;
}

/** The series of blocks whose times overlap, each once, in the order of their labels. */
export function* mergeBlocks(
  blocks: readonly BlockReader[],
  onConflict: (conflict: Conflict) => void,
): Generator<MergedSeries, void> {
  const heads = blocks.map((block) => ({ block, walk: block.series(), entry: undefined as SeriesEntry | undefined }));
  const advance = (head: (typeof heads)[number]): void => {
    const { value, done } = head.walk.next();
    head.entry = done === true ? undefined : value;
  };
  heads.forEach(advance);
  for (;;) {
    const first = heads
      .filter(({ entry }) => entry !== undefined)
      .sort((one, other) => compareLabels(one.entry?.labels ?? [], other.entry?.labels ?? []))[0];
    const labels = first?.entry?.labels;
    if (labels === undefined) return;
    const same = heads.filter(({ entry }) => entry !== undefined && compareLabels(entry.labels, labels) === 0);
    const sources = same.flatMap(({ block, entry }) => (entry === undefined ? [] : [{ block, entry }]));
    const read = (sink: MergeSink): void => readMerged(sources, sink, (timeMs) => onConflict({ labels, timeMs }));
    yield { labels, read };
    same.forEach(advance);
  }
}

interface Source {
  readonly block: BlockReader;
  readonly entry: SeriesEntry;
}

interface ChunkOf extends Source {
  readonly chunk: ChunkMeta;
}

/** Chunks whose times overlap are put together, so that no more than these are in memory; any other is told as it is. */
function readMerged(sources: readonly Source[], sink: MergeSink, onConflict: (timeMs: number) => void): void {
  const chunks = sources.flatMap(({ block, entry }) => entry.chunks.map((chunk): ChunkOf => ({ block, entry, chunk })));
  chunks.sort((one, other) => one.chunk.minTime - other.chunk.minTime);
  for (let from = 0, to = 0; from < chunks.length; from = to) {
    let endMs = -Infinity;
    for (to = from; to < chunks.length; to += 1) {
      const { minTime, maxTime } = (chunks[to] as ChunkOf).chunk;
      if (to > from && minTime > endMs) break;
      endMs = Math.max(endMs, maxTime);
    }
    readCluster(chunks.slice(from, to), sink, onConflict);
  }
}

function readCluster(cluster: readonly ChunkOf[], sink: MergeSink, onConflict: (timeMs: number) => void): void {
  const [only, ...others] = cluster;
  if (only === undefined) return;
  if (others.length === 0 && only.block.deletedOf(only.entry) === undefined) {
    only.block.readOne(only.entry, only.chunk, (encoding, data) => sink.chunk(encoding, data));
    return;
  }
  const collected = new Collected();
  for (const one of cluster) collected.take(one);
  collected.tell(sink, onConflict);
}

/** labels.Compare: bytewise, name and value in turn; of two that begin alike, the shorter one comes first. */
export function compareLabels(one: readonly Uint8Array[], other: readonly Uint8Array[]): number {
  for (let index = 0; index < one.length && index < other.length; index += 1) {
    const order = Buffer.compare(one[index] as Uint8Array, other[index] as Uint8Array);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

interface StoredFloat {
  readonly timeMs: number;
  readonly high: number;
  readonly low: number;
}

interface StoredHistogram {
  readonly timeMs: number;
  readonly sample: HistogramSample;
  readonly isStale: boolean;
}

/** The samples of one series from several blocks. */
class Collected {
  private readonly samples: (StoredFloat | StoredHistogram)[] = [];

  take({ block, entry, chunk }: ChunkOf): void {
    const deleted = block.deletedOf(entry);
    const keep = (sample: StoredFloat | StoredHistogram): void => {
      if (!isDeleted(deleted, sample.timeMs)) this.samples.push(sample);
    };
    const sink: SampleSink = {
      float: (timeMs, high, low) => keep({ timeMs, high, low }),
      histogram: (timeMs, sample, isStale) => keep({ timeMs, sample, isStale }),
    };
    block.readOne(entry, chunk, (encoding, data) => decodeChunk(encoding, data, sink));
  }

  tell(sink: MergeSink, onConflict: (timeMs: number) => void): void {
    this.samples.sort((one, other) => one.timeMs - other.timeMs || Number(isStale(one)) - Number(isStale(other)));
    /** Those at the time of the last one. */
    let told: (StoredFloat | StoredHistogram)[] = [];
    for (const sample of this.samples) {
      if (told[0]?.timeMs !== sample.timeMs) {
        told = [sample];
        tellOne(sample, sink);
      } else if (!isStale(sample) && !told.some((one) => isSame(one, sample))) {
        told.push(sample);
        onConflict(sample.timeMs);
        if (sink.besides !== undefined) tellOne(sample, sink.besides);
      }
    }
  }
}

function tellOne(sample: StoredFloat | StoredHistogram, sink: SampleSink): void {
  if ('sample' in sample) sink.histogram(sample.timeMs, sample.sample, sample.isStale);
  else sink.float(sample.timeMs, sample.high, sample.low);
}

function isStale(sample: StoredFloat | StoredHistogram): boolean {
  return 'sample' in sample ? sample.isStale : isStaleMarker(sample.high, sample.low);
}

function isSame(one: StoredFloat | StoredHistogram, other: StoredFloat | StoredHistogram): boolean {
  if ('sample' in one !== 'sample' in other) return false;
  if ('sample' in one && 'sample' in other) return JSON.stringify(one.sample) === JSON.stringify(other.sample);
  return 'high' in one && 'high' in other && one.high === other.high && one.low === other.low;
}
