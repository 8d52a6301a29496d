import type { LostSeries, TsdbComparison } from '../../model/tsdb-comparison.ts';
import { BlockReader } from '../block/block-reader.ts';
import { readMetas } from '../block/read-metas.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { renderLabels } from '../findings.ts';
import { listWal, readWal } from '../head/wal-directory.ts';
import { parseRecord } from '../head/wal-records.ts';
import { compareLabels } from '../inventory/merge-blocks.ts';
import { seedOfLabels, type SeriesSeed } from '../inventory/sample-digest.ts';
import { SeedIndex } from '../inventory/seed-index.ts';
import type { TimeRanges } from '../inventory/time-ranges.ts';

const mostNamed = 20;

type Labels = readonly Uint8Array[];

/** The series that lost something, known by their seeds alone; the first of them are looked up by name at the end. */
export class LostSeriesList {
  private readonly seeds = new SeedIndex();
  private readonly missing: number[] = [];
  private readonly changed: number[] = [];

  add(seed: SeriesSeed, missing: number, changed: number): void {
    if (missing + changed === 0) return;
    const number = this.seeds.add(seed);
    this.missing[number] = (this.missing[number] ?? 0) + missing;
    this.changed[number] = (this.changed[number] ?? 0) + changed;
  }

  /** Reads the indexes of the blocks that reach into `ranges`, and the series of the WAL. */
  name(files: TsdbFiles, ranges: TimeRanges): TsdbComparison['series'] {
    if (this.seeds.size === 0) return { listed: [], more: 0 };
    const first = new FirstLabels((labels) => this.seeds.find(seedOfLabels(labels)));
    readBlockLabels(files, ranges, first);
    readWalLabels(files, first);
    const listed = first.list().map(({ labels, number }): LostSeries => {
      return {
        series: renderLabels(labels),
        missing: this.missing[number] ?? 0,
        changed: this.changed[number] ?? 0,
      };
    });
    return { listed, more: this.seeds.size - listed.length };
  }
}

interface Named {
  readonly labels: Labels;
  readonly number: number;
}

/** Keeps the first of those that are looked for, in the order of labels. */
class FirstLabels {
  private readonly find: (labels: Labels) => number | undefined;
  private found: Named[] = [];

  constructor(find: (labels: Labels) => number | undefined) {
    this.find = find;
  }

  take(labels: Labels): void {
    const last = this.found.at(mostNamed - 1);
    if (last !== undefined && compareLabels(labels, last.labels) >= 0) return;
    const number = this.find(labels);
    if (number === undefined || this.found.some((named) => named.number === number)) return;
    // The bytes belong to the reader, which goes on.
    const copy = { labels: labels.map((part) => Uint8Array.from(part)), number };
    this.found = [...this.found, copy].sort((a, b) => compareLabels(a.labels, b.labels)).slice(0, mostNamed);
  }

  list(): readonly Named[] {
    return this.found;
  }
}

function readBlockLabels(files: TsdbFiles, ranges: TimeRanges, first: FirstLabels): void {
  const onDamage = (): void => undefined;
  for (const { ulid, series, minTime, maxTime } of readMetas(files, onDamage)) {
    if (!ranges.overlap(minTime, maxTime)) continue;
    let block: BlockReader | undefined;
    try {
      block = new BlockReader(files, ulid, { onDamage, seriesCount: series });
      for (const { labels } of block.series()) first.take(labels);
    } catch (error) {
      // A block without an index was told as damage when the inventory was taken.
      if (!(error instanceof Damage)) throw error;
    } finally {
      block?.close();
    }
  }
}

function readWalLabels(files: TsdbFiles, first: FirstLabels): void {
  const ignore = (): void => undefined;
  readWal(files, listWal(files, 'wal'), {
    onRecord: ({ bytes }) =>
      parseRecord(bytes, {
        series: (_, labels) => first.take(labels),
        float: ignore,
        histogram: ignore,
        deletion: ignore,
      }),
    onDamage: ignore,
  });
}
