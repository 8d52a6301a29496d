import { HoldfastError } from '../../errors/holdfast-error.ts';
import { fromFsError } from '../../files/fs-errors.ts';
import { freeSpace } from '../../files/free-space.ts';
import { fingerprintTree } from '../../files/tree-fingerprint.ts';
import type { ObservedSource, ObservedSources } from '../../model/stitch-facts.ts';
import type { StitchSource } from '../../model/stitch-step.ts';
import type { TsdbFinding } from '../../model/tsdb-inventory.ts';
import type { TsdbUnion } from '../../model/tsdb-union.ts';
import { windowsInConflict } from '../../rules/union-windows.ts';
import { isInOrder } from '../../model/block.ts';
import { listTsdb } from '../../tsdb/list-blocks.ts';
import type { TsdbLook, TsdbReaders } from '../tsdb-inventory.ts';
import { findTwins } from './find-twins.ts';

export interface SourcesLook extends TsdbLook {
  readonly readers: TsdbReaders;
  /** The number of the source whose values count where they differ. */
  readonly winner: number | null;
}

/**
 * Reads every byte of every source, checks and counts it, and holds the sources against one another. Writes nothing. Throws
 * `damaged-tsdb` for one that is damaged and `not-stitchable` for one that changes meanwhile.
 */
export async function observeStitchSources(
  directories: readonly string[],
  look: SourcesLook,
): Promise<ObservedSources> {
  const sources: ObservedSource[] = [];
  for (const directory of directories) sources.push(await observeSource(directory, look));
  const twins = await findTwins(sources, look.signal);
  const union = await findConflicts(sources, look);
  for (const source of sources) await refuseChanged(source);
  return { sources, twins, union };
}

async function observeSource(directory: string, look: SourcesLook): Promise<ObservedSource> {
  const fingerprint = await readFingerprint(directory);
  const options = {
    signal: look.signal,
    onProgress: (done: number, total: number) => look.progress({ done, total, unit: 'bytes', text: directory }),
  };
  const task = { kind: 'check', directory, isLive: false, maxBytesPerSecond: null } as const;
  const { findings } = await look.readers.run(task, options);
  refuseDamage(directory, findings);
  const inventory = await look.readers.run({ kind: 'inventory', directory, settledMs: null }, options);
  refuseDamage(directory, inventory.findings);
  refuseInnerConflict(directory, inventory.findings);
  const { blocks, walBytes, headChunksBytes } = await listTsdb(directory);
  const names = new Set(inventory.blocks.map(({ ulid }) => ulid));
  const visible = blocks.filter(({ ulid }) => names.has(ulid));
  const ends = visible.filter(isInOrder).map(({ maxTime }) => maxTime);
  return {
    directory,
    fingerprint,
    inventory,
    blocks: visible,
    headBytes: walBytes + headChunksBytes,
    coveredToMs: ends.length === 0 ? null : Math.max(...ends),
  };
}

/** What may still be written where the result goes. */
export async function observeFreeBytes(into: string): Promise<number> {
  return freeSpace(into);
}

/** Throws `not-stitchable` where somebody has written to a source since its fingerprint was taken. */
export async function refuseChanged({ directory, fingerprint }: StitchSource): Promise<void> {
  if ((await readFingerprint(directory)) === fingerprint) return;
  throw new HoldfastError('not-stitchable', {
    message: `${directory} has changed since it was read: something writes to it. Nothing was changed by us.`,
    remedy: 'Stop what writes there, then run the same command again.',
    details: { directory },
  });
}

async function readFingerprint(directory: string): Promise<string> {
  return fingerprintTree(directory).catch((error: unknown) => {
    throw fromFsError(error, directory, 'read');
  });
}

function refuseDamage(
  directory: string,
  findings: readonly Pick<TsdbFinding, 'rule' | 'severity' | 'message'>[],
): void {
  // A torn end is none for whoever reads what is before it, and starts no Prometheus on it.
  const damages = findings.filter(({ severity, rule }) => severity === 'error' && rule !== 'torn-tail');
  const [first] = damages;
  if (first === undefined) return;
  const more = damages.length > 1 ? ` ${moreLikeIt(damages.length - 1)}` : '';
  throw new HoldfastError('damaged-tsdb', {
    message: `${directory} is damaged, and a source is never changed: ${first.message}${more} Nothing was changed.`,
    remedy: `Copy it, run \`holdfast repair\` on the copy, and name the copy in its place.`,
    details: { directory, damages: damages.length, first },
  });
}

function moreLikeIt(count: number): string {
  return count === 1 ? 'There is one more finding like it.' : `There are ${count} more findings like it.`;
}

/** Prometheus shows one of two values, and nobody knows which: no proof could say what was kept. */
function refuseInnerConflict(directory: string, findings: readonly TsdbFinding[]): void {
  const first = findings.find(({ rule }) => rule === 'conflicting-values');
  if (first === undefined) return;
  throw new HoldfastError('conflicting-samples', {
    message: `${directory} holds different values of ${first.series ?? 'one series'} at ${first.fromMs === null ? 'one time' : new Date(first.fromMs).toISOString()}: ${first.message} Nothing was changed.`,
    remedy:
      first.file === 'wbl'
        ? 'Copy it, start a Prometheus on the copy until it has compacted what came out of order, which leaves one of each, and name the copy in its place.'
        : 'Copy it, move the block whose values are wrong out of the copy, and name the copy in its place.',
    details: { directory, first },
  });
}

async function findConflicts(sources: readonly ObservedSource[], look: SourcesLook): Promise<TsdbUnion | null> {
  const windows = windowsInConflict(sources.map(({ inventory }) => inventory.windows));
  if (windows.length === 0) return null;
  const directories = sources.map(({ directory }) => directory);
  const [directory = ''] = directories;
  const { winner, signal } = look;
  const task = { kind: 'compare-union', directory, sources: directories, winner, result: null, windows } as const;
  const onProgress = (done: number, total: number): void =>
    look.progress({ done, total, unit: 'bytes', text: 'all sources together' });
  return look.readers.run(task, { signal, onProgress });
}
