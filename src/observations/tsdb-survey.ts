import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { readVolumeCondition } from '../data-root/volume-identity.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { paths, quarantinesOf } from '../model/paths.ts';
import type { Plan } from '../model/plan.ts';
import type { RepairStep } from '../model/repair-step.ts';
import type { StackFile } from '../model/stack-file.ts';
import type { TsdbSurvey } from '../model/tsdb-repair.ts';
import { volumeRefusal } from '../rules/volume-condition.ts';
import { findDataDirectory, type TsdbLook, type TsdbReaders } from './tsdb-inventory.ts';

/** Where a data directory lies, and where what is moved out of it goes. Absolute paths. */
export interface TsdbPlace {
  readonly directory: string;
  readonly quarantine: string;
}

/**
 * Beside the data directory, on the same file system: a rename is all that it takes. Within it where it is a mount of its
 * own; Prometheus takes no notice of a name that is not a block's. Throws `not-a-tsdb`.
 */
export async function locateTsdb(directory: string): Promise<TsdbPlace> {
  const data = await findDataDirectory(directory);
  const [own, parent] = [await lstat(data), await lstat(dirname(data))];
  const isMount = own.dev !== parent.dev || dirname(data) === data;
  const { inside, beside } = quarantinesOf(data);
  return { directory: data, quarantine: isMount ? inside : beside };
}

/** As locateTsdb, of the Prometheus volume of a stack. Throws `volume-refused` for one that is missing, empty or another one's. */
export async function locateTsdbOfStack(dataRoot: string, { stackId, volumes }: StackFile): Promise<TsdbPlace> {
  const listed = volumes.find(({ component }) => component === 'prometheus');
  if (listed === undefined) return locateTsdb(join(dataRoot, paths.volume('prometheus')));
  const refusal = volumeRefusal(listed, await readVolumeCondition(dataRoot, listed, stackId), dataRoot);
  if (refusal !== undefined) throw refusal;
  return locateTsdb(join(dataRoot, listed.path));
}

/** What a Prometheus would not start on, and what can be kept of it. Reads every byte, and writes none. */
export async function observeTsdbSurvey(
  directory: string,
  readers: TsdbReaders,
  { progress, signal }: TsdbLook,
): Promise<TsdbSurvey> {
  const onProgress = (done: number, total: number): void => progress({ done, total, unit: 'bytes', text: directory });
  return readers.run({ kind: 'survey', directory }, { signal, onProgress });
}

/** A link would lead what is moved out of the volume. Throws `repair-blocked`. */
export async function refuseLinkedQuarantine(
  { quarantine }: Pick<TsdbPlace, 'quarantine'>,
  plan: Plan<RepairStep> | undefined,
): Promise<void> {
  const inside = (plan?.steps ?? []).flatMap(asidePathsOf).flatMap((path) => parentsBelow(quarantine, path));
  const names = [quarantine, join(quarantine, 'journal'), join(quarantine, 'lock.json'), ...inside];
  for (const path of new Set(names)) {
    if ((await lstat(path).catch(() => undefined))?.isSymbolicLink() !== true) continue;
    throw blocked(
      `${path} is a symbolic link, and nothing is moved through one. Nothing was changed.`,
      `Put the directory in its place, or remove the link, then run the same command again.`,
      { path },
    );
  }
}

function asidePathsOf(step: RepairStep): readonly string[] {
  if (step.kind === 'move-aside') return [step.to];
  if (step.kind === 'rewrite-segment') return [step.original];
  return step.kind === 'write-manifest' ? [step.file] : [];
}

function parentsBelow(root: string, path: string): readonly string[] {
  const parent = dirname(path);
  return parent.length <= root.length ? [] : [...parentsBelow(root, parent), parent];
}

/** What says `repair-blocked` while something needs a decision that a repair does not take. */
export function findBlocked({ blockers }: TsdbSurvey): HoldfastError | undefined {
  const [first, ...more] = blockers;
  if (first === undefined) return undefined;
  const others = more.length === 0 ? '' : ` So is ${more.map(({ path }) => path).join(', ')} in the way.`;
  return blocked(`${first.why}${others} Nothing was changed.`, first.remedy, {
    paths: blockers.map(({ path }) => path),
  });
}

function blocked(message: string, remedy: string, details: Readonly<Record<string, unknown>>): HoldfastError {
  return new HoldfastError('repair-blocked', { message, remedy, details });
}

/** What a repair that stopped has moved and what not, in a sentence; empty where it moved nothing. */
export async function sayWhatIsWhere({ steps, run }: Plan<RepairStep>, { quarantine }: TsdbPlace): Promise<string> {
  const moved: string[] = [];
  const stayed: string[] = [];
  for (const step of steps) {
    if (step.kind !== 'move-aside' && step.kind !== 'rewrite-segment') continue;
    const [name, aside] = step.kind === 'move-aside' ? [step.from, step.to] : [step.path, step.original];
    ((await exists(aside)) ? moved : stayed).push(basename(name));
  }
  if (moved.length === 0) return 'Nothing had been moved: every original is where it was.';
  const folder = join(quarantine, run);
  const rest = stayed.length === 0 ? 'nothing is left to be moved' : `${listNames(stayed)} not moved yet`;
  return `In ${folder} ${moved.length === 1 ? 'is' : 'are'} ${listNames(moved)}; ${rest}. Nothing was deleted.`;
}

const mostNamed = 5;

function listNames(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return `${names.slice(0, mostNamed).join(', ')}${more}`;
}

/** Throws `volume-locked` while a process has files below the directory open for writing. */
export async function refuseWriter(
  directory: string,
  readers: Pick<TsdbReaders, 'findWriterBelow'>,
  remedy: string,
): Promise<void> {
  const writer = await readers.findWriterBelow(directory);
  if (writer === undefined) return;
  throw new HoldfastError('volume-locked', {
    message: `${writer.command} (pid ${writer.pid}) writes to ${directory}. Nothing was changed.`,
    remedy,
    details: { directory, pid: writer.pid },
  });
}

/**
 * Prometheus replays nothing that a chunk snapshot covers, unless head chunks are damaged: what is moved aside beside one
 * would hide samples. Throws `chunk-snapshot`.
 */
export async function refuseChunkSnapshot(directory: string): Promise<void> {
  const found = (await readdir(directory)).find((name) => name.startsWith('chunk_snapshot.'));
  if (found === undefined) return;
  throw new HoldfastError('chunk-snapshot', {
    message: `${directory} holds ${found}, which a Prometheus with memory-snapshot-on-shutdown has left: what a repair takes away beside it could hide samples. Nothing was changed.`,
    remedy: `Start and stop Prometheus once without that feature on a copy, or move ${found} out of the directory: the WAL holds the same.`,
    details: { directory, found },
  });
}

/** Its manifest is on the disk before anything is moved; a folder that was taken away is nothing to go on with. */
export async function hasBegun({ run }: Plan<RepairStep>, { quarantine }: TsdbPlace): Promise<boolean> {
  return exists(join(quarantine, run, 'manifest.json'));
}

/**
 * Before a repair that was broken off goes on: what it still means to move must be damaged as it was, for somebody may have
 * put a whole one in its place meanwhile. Throws `changed-since-planned`.
 */
export async function refuseChanged(
  continued: Plan<RepairStep>,
  fresh: Plan<RepairStep>,
  { directory }: TsdbPlace,
): Promise<void> {
  const damaged = new Set(fresh.steps.flatMap((step) => objectsOf(step, directory)));
  for (const step of continued.steps) {
    for (const path of objectsOf(step, directory)) {
      const isHere = await exists(join(directory, path));
      const isMoved = !isHere || (step.kind === 'rewrite-segment' && (await exists(step.original)));
      if (isMoved || damaged.has(path)) continue;
      throw new HoldfastError('changed-since-planned', {
        message: `Run ${continued.run} was broken off before it moved ${join(directory, path)}, which need not be moved any more. Nothing was changed.`,
        remedy: `Move the folder ${continued.run} out of the quarantine, then run the same command again: it begins anew with what is there.`,
        details: { directory, run: continued.run, path },
      });
    }
  }
}

/** What a step takes away from its place, below the data directory. Not head chunks, which go with the first damaged one. */
function objectsOf(step: RepairStep, directory: string): readonly string[] {
  if (step.kind === 'rewrite-segment') return [step.path];
  if (step.kind !== 'move-aside' && step.kind !== 'rename-segment') return [];
  const path = relative(directory, step.from);
  return path.startsWith('chunks_head/') ? [] : [path];
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
