import type { TsdbUnion, UnionConflicts, UnionSource, UnionWindow } from '../../model/tsdb-union.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { HeadSeries } from '../head/head-series.ts';
import type { SeriesSeed } from '../inventory/sample-digest.ts';
import { TimeRanges } from '../inventory/time-ranges.ts';
import { walkTsdb, type CountEvents } from '../inventory/walk-tsdb.ts';
import { windowMs } from '../inventory/window-table.ts';
import { LostSeriesList } from './lost-series.ts';
import { UnionTable, type UnionEvents } from './union-table.ts';

export interface CompareUnionOptions {
  readonly sources: readonly TsdbFiles[];
  /** The number of the source whose values count where they differ; null for none. */
  readonly winner: number | null;
  /** What was made of the sources; null to look for conflicts among them. */
  readonly result: TsdbFiles | null;
  /** The windows in question, and at most how many samples all of them hold in it together, stale markers too. */
  readonly windows: readonly UnionWindow[];
  readonly onRead: (bytes: number) => void;
  /** How many samples are kept in memory at once; for tests. */
  readonly mostSamples?: number;
}

/** Some 80 MB. */
const defaultMost = 1_500_000;

/**
 * Sample by sample: which are in two sources with different values, or, where there is a result, which of each source are
 * in it. In parts that fit into memory, for each of which the windows in question are read again. What cannot be read was
 * told when the inventories were taken.
 */
export function compareUnion(options: CompareUnionOptions): TsdbUnion {
  const most = options.mostSamples ?? defaultMost;
  const sums = new UnionSums(options);
  for (const group of groupWindows(options.windows, most)) {
    const samples = group.reduce((sum, number) => sum + (options.windows[number]?.samples ?? 0), 0);
    const parts = Math.max(1, Math.ceil(samples / most));
    for (let part = 0; part < parts; part += 1) {
      const isWanted = (seed: SeriesSeed): boolean => seed.b % parts === part;
      comparePart({ ...options, group, sums, samples: Math.min(samples, most), isWanted });
    }
  }
  return sums.finish();
}

/** As many windows together as have few enough samples. */
function groupWindows(windows: readonly UnionWindow[], most: number): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let sum = Infinity;
  for (const [number, { samples }] of windows.entries()) {
    if (sum + samples > most) {
      groups.push([]);
      sum = 0;
    }
    groups.at(-1)?.push(number);
    sum += samples;
  }
  return groups;
}

interface Part extends CompareUnionOptions {
  /** Numbers of windows. */
  readonly group: readonly number[];
  readonly sums: UnionSums;
  readonly samples: number;
  readonly isWanted: (seed: SeriesSeed) => boolean;
}

function comparePart(part: Part): void {
  const { group, sums, winner, samples, isWanted, sources, result } = part;
  const windows = new Map(group.map((number) => [part.windows[number]?.fromMs ?? NaN, number]));
  const ranges = rangesOf(group.map((number) => part.windows[number]?.fromMs ?? NaN));
  let side = 0;
  const events: UnionEvents = {
    onConflict: (window, seed, owner) => sums.addConflict(window, seed, [owner, side]),
    onKept: () => sums.addKept(side),
    onDropped: () => sums.addDropped(side),
    onLost: (window) => sums.addLost(side, window),
  };
  const table = new UnionTable({ windows, isWanted, samples, hasResult: result !== null, winner, events });
  const walk = (files: TsdbFiles): void => {
    const headSums = (series: HeadSeries) => table.headSums(series);
    walkTsdb({ files, events: silent(part.onRead), tally: table, headSums, ranges });
  };
  if (result !== null) {
    table.side = 'result';
    walk(result);
  }
  for (const number of winnerFirst(sources.length, winner)) {
    side = number;
    table.side = number;
    walk(sources[number] as TsdbFiles);
  }
  if (result !== null) sums.added += table.countUnhit();
}

function winnerFirst(count: number, winner: number | null): readonly number[] {
  const others = Array.from({ length: count }, (_, number) => number).filter((number) => number !== winner);
  return winner === null ? others : [winner, ...others];
}

function rangesOf(begins: readonly number[]): TimeRanges {
  return new TimeRanges(begins.map((fromMs) => ({ fromMs, toMs: fromMs + windowMs })));
}

function silent(onRead: (bytes: number) => void): CountEvents {
  const ignore = () => undefined;
  return { onBlockDamage: ignore, onHeadDamage: ignore, onConflict: ignore, onHole: ignore, onRead };
}

interface SourceSums {
  kept: number;
  dropped: number;
  lost: number;
  readonly lostIn: Map<number, number>;
}

class UnionSums {
  added = 0;
  private readonly options: CompareUnionOptions;
  private readonly sources: readonly SourceSums[];
  private readonly conflictsIn = new Map<number, number>();
  private readonly pairs = new Map<string, number>();
  private readonly series = new LostSeriesList();
  private conflictCount = 0;

  constructor(options: CompareUnionOptions) {
    this.options = options;
    this.sources = options.sources.map(() => ({ kept: 0, dropped: 0, lost: 0, lostIn: new Map() }));
  }

  addKept(source: number): void {
    this.at(source).kept += 1;
  }

  addDropped(source: number): void {
    this.at(source).dropped += 1;
  }

  addLost(source: number, window: number): void {
    const sums = this.at(source);
    sums.lost += 1;
    sums.lostIn.set(window, (sums.lostIn.get(window) ?? 0) + 1);
  }

  addConflict(window: number, seed: SeriesSeed, pair: readonly [number, number]): void {
    this.conflictsIn.set(window, (this.conflictsIn.get(window) ?? 0) + 1);
    const key = pair.join(' ');
    this.pairs.set(key, (this.pairs.get(key) ?? 0) + 1);
    this.series.add(seed, 0, 1);
    this.conflictCount += 1;
  }

  finish(): TsdbUnion {
    return {
      sources: this.sources.map(({ kept, dropped, lost, lostIn }): UnionSource => {
        return { kept, dropped, lost, windows: this.windowsOf(lostIn) };
      }),
      conflicts: {
        samples: this.conflictCount,
        windows: this.windowsOf(this.conflictsIn),
        pairs: [...this.pairs].map(([key, samples]) => {
          const [one = 0, other = 0] = key.split(' ').map(Number);
          return { one, other, samples };
        }),
        series: this.nameSeries(),
      },
      added: this.added,
    };
  }

  private at(source: number): SourceSums {
    return this.sources[source] as SourceSums;
  }

  private windowsOf(samplesIn: ReadonlyMap<number, number>): readonly UnionWindow[] {
    return [...samplesIn]
      .map(([window, samples]) => ({ fromMs: this.options.windows[window]?.fromMs ?? NaN, samples }))
      .sort((one, other) => one.fromMs - other.fromMs);
  }

  /** A series in conflict may be in any two of the sources, so each is asked for names. */
  private nameSeries(): UnionConflicts['series'] {
    const { sources, windows } = this.options;
    const ranges = rangesOf([...this.conflictsIn.keys()].map((number) => windows[number]?.fromMs ?? NaN));
    const named = new Map<string, number>();
    let count = 0;
    for (const files of sources) {
      const { listed, more } = this.series.name(files, ranges);
      count = listed.length + more;
      for (const { series, changed } of listed) named.set(series, changed);
    }
    const listed = [...named]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, mostNamed)
      .map(([series, samples]) => ({ series, samples }));
    return { listed, more: count - listed.length };
  }
}

const mostNamed = 20;
