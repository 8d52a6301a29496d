import { join } from 'node:path';
import type { KeeperRef, KeptProof, LostKeptWindow } from '../../model/discard-step.ts';
import type { TsdbComparison } from '../../model/tsdb-comparison.ts';
import type { TsdbFinding, TsdbInventory } from '../../model/tsdb-inventory.ts';
import { judgeTsdbWindows, type JudgedWindow } from '../../rules/judge-tsdb-windows.ts';
import { listHiddenBlocks } from '../../tsdb/block/hidden-blocks.ts';
import { countDataDirectory, type TsdbLook, type TsdbReaders } from '../tsdb-inventory.ts';

export interface KeptQuestion {
  readonly directory: string;
  /** Every data directory in it. */
  readonly tsdbs: readonly string[];
  readonly keepers: Keepers;
}

export type Keepers = readonly [KeeperRef, ...KeeperRef[]];

/**
 * Whether every sample of a directory is in one or another of the keepers, with the same value. All bytes are read now.
 * A window is proven where the sums of one keeper are the same; every other one is compared sample by sample with all
 * keepers together. What cannot be read on either side leaves it undecided. Whole blocks that a Prometheus would delete at
 * its start are proven as well, each by itself.
 */
export async function proveKept(question: KeptQuestion, readers: TsdbReaders, look: TsdbLook): Promise<KeptProof> {
  const parts: Part[] = [];
  for (const tsdb of question.tsdbs) {
    parts.push(await provePart({ tsdb }, question, readers, look));
    for (const onlyBlock of listHiddenBlocks(tsdb)) {
      parts.push(await provePart({ tsdb, onlyBlock }, question, readers, look));
    }
  }
  const sum = (of: (part: Part) => number) => parts.reduce((total, part) => total + of(part), 0);
  const times = parts.flatMap(({ before }) => before.windows.flatMap(({ firstMs, lastMs }) => [firstMs, lastMs]));
  const known = times.filter((time) => time !== null);
  return {
    format: 1,
    directory: question.directory,
    provedAtMs: Math.round(readers.now()),
    keptIn: question.keepers.map(({ path }) => path),
    series: Math.max(0, ...parts.map(({ before }) => before.totals.series)),
    samples: sum(({ before }) => before.totals.samples),
    fromMs: known.reduce<number | null>((least, time) => Math.min(least ?? time, time), null),
    toMs: known.reduce<number | null>((most, time) => Math.max(most ?? time, time), null),
    windows: { bySums: sum(({ bySums }) => bySums), bySamples: sum(({ bySamples }) => bySamples) },
    lost: parts.flatMap(({ lost }) => lost),
    undecided: parts.flatMap(({ undecided }) => undecided),
  };
}

interface Part {
  readonly before: TsdbInventory;
  readonly bySums: number;
  readonly bySamples: number;
  readonly lost: readonly LostKeptWindow[];
  readonly undecided: readonly string[];
}

/** A data directory, or one block of it that is not counted in it. */
interface Proven {
  readonly tsdb: string;
  readonly onlyBlock?: string;
}

async function provePart(
  proven: Proven,
  { keepers }: KeptQuestion,
  readers: TsdbReaders,
  look: TsdbLook,
): Promise<Part> {
  const { tsdb, ...part } = proven;
  const name = nameOf(proven);
  const before = await countDataDirectory(tsdb, readers, { ...look, ...part });
  const unread = listUnread(name, before, ({ severity, rule }) => severity !== 'info' && !provenApart.has(rule));
  const none: Part = { before, bySums: 0, bySamples: 0, lost: [], undecided: unread };
  if (before.completeToMs === null || unread.length > 0) return none;
  const open = new Map<number, OpenWindow>();
  for (const { fromMs, toMs, samples, digest } of windowsOf(before)) {
    open.set(fromMs, { fromMs, toMs, samples, digest, series: 0 });
  }
  const all = open.size;
  for (const { path } of keepers) {
    const after = await countDataDirectory(path, readers, { ...look, cutMs: before.completeToMs });
    const damage = listUnread(path, after, ({ severity, rule }) => severity === 'error' || fleeting.has(rule));
    if (damage.length > 0) return { ...none, undecided: damage };
    for (const window of judgeTsdbWindows(before, after)) settle(open, window);
  }
  const bySums = all - open.size;
  if (open.size === 0) return { ...none, bySums };
  const compared = await compare(proven, { before, keepers, open }, readers, look);
  return { before, bySums, bySamples: open.size, ...judge(name, open, compared) };
}

function nameOf({ tsdb, onlyBlock }: Proven): string {
  return onlyBlock === undefined ? tsdb : join(tsdb, onlyBlock);
}

interface OpenWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: number;
  readonly digest: string;
  /** On all sides together, so far as they were counted. */
  series: number;
}

function windowsOf({ windows }: TsdbInventory) {
  return windows.filter(({ samples }) => samples > 0);
}

/** Sums that are equal prove a window; else it is to be compared, and may hold so many series. */
function settle(open: Map<number, OpenWindow>, { fromMs, verdict, before, after }: JudgedWindow): void {
  if (verdict === 'kept' && after?.samples === before.samples && after.digest === before.digest) open.delete(fromMs);
  const window = open.get(fromMs);
  if (window !== undefined) window.series += (window.series === 0 ? before.series : 0) + (after?.series ?? 0);
}

interface Open {
  readonly before: TsdbInventory;
  readonly keepers: Keepers;
  readonly open: ReadonlyMap<number, OpenWindow>;
}

async function compare(
  proven: Proven,
  { before, keepers, open }: Open,
  readers: TsdbReaders,
  { progress, signal }: TsdbLook,
): Promise<TsdbComparison> {
  const [{ path: after }, ...more] = keepers;
  const others = more.map(({ path }) => path);
  const windows = [...open.values()].map(({ fromMs, series }) => ({ fromMs, series }));
  const { tsdb: directory, ...part } = proven;
  const text = `${nameOf(proven)} and ${[after, ...others].join(', ')}, sample by sample`;
  return readers.run(
    { kind: 'compare', directory, ...part, after, others, cutMs: before.completeToMs ?? 0, windows },
    { signal, onProgress: (done, total) => progress({ done, total, unit: 'bytes', text }) },
  );
}

/** A window is kept only where all that was counted of it was compared, and nothing was missing. */
function judge(
  directory: string,
  open: ReadonlyMap<number, OpenWindow>,
  { windows }: TsdbComparison,
): Pick<Part, 'lost' | 'undecided'> {
  const compared = new Map(windows.map((window) => [window.fromMs, window]));
  const lost: LostKeptWindow[] = [];
  const undecided: string[] = [];
  for (const { fromMs, toMs, samples, digest } of open.values()) {
    const window = compared.get(fromMs);
    if (window === undefined || window.before.samples !== samples || window.before.digest !== digest) {
      undecided.push(
        `${directory} changed while it was compared, in the window from ${new Date(fromMs).toISOString()}`,
      );
    } else if (window.missing + window.changed > 0) {
      const jobs = window.jobs.map(({ job }) => job);
      lost.push({ fromMs, toMs, samples: window.missing + window.changed, changed: window.changed, jobs });
    }
  }
  return { lost, undecided };
}

/** Samples that were not counted are nowhere in the sums, so nobody knows whether another directory holds them. */
function listUnread(
  directory: string,
  { findings }: TsdbInventory,
  matters: (finding: TsdbFinding) => boolean,
): readonly string[] {
  return findings.flatMap((finding) => (matters(finding) ? [`${directory}: ${finding.message}`] : []));
}

/**
 * Rules of findings about samples that are counted, but that a Prometheus drops when it starts there, or shows with another
 * value: nothing is kept by them.
 */
const fleeting: ReadonlySet<string> = new Set(['replayed-twice', 'mapped-nowhere', 'conflicting-values']);

/** Rules of findings about what has a proof of its own. */
const provenApart: ReadonlySet<string> = new Set(['replaced-holds-more']);
