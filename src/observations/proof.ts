import { dirname, join } from 'node:path';
import { findStackFile } from '../data-root/stack-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { TsdbComparison } from '../model/tsdb-comparison.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { ProofSide, TsdbProof } from '../model/tsdb-proof.ts';
import { condemnedBlocks } from '../rules/condemned-blocks.ts';
import { effectiveRetention } from '../rules/retention.ts';
import { compareTsdbInventories, findWindowsInQuestion } from '../rules/tsdb-verdict.ts';
import { findFileSide } from './read-proof-side.ts';
import { refuseItself } from './refuse-itself.ts';
import { findDataDirectory, observeTsdbInventory, type TsdbLook, type TsdbReaders } from './tsdb-inventory.ts';

export interface ProofQuestion {
  /** Each the path of a directory, of an inventory in a file, or of a proof. */
  readonly before: string;
  readonly after: string;
  /** The retention in force when `before` was; undefined where nobody said. */
  readonly retentionMs: number | undefined;
}

/**
 * Compares two TSDBs to the sample. Throws `not-an-inventory` and `not-a-tsdb` for what is neither, and `same-on-both-sides`.
 */
export async function observeProof(question: ProofQuestion, readers: TsdbReaders, look: TsdbLook): Promise<TsdbProof> {
  await refuseItself(question.before, question.after);
  // Both are known to be something before one of them is read for an hour.
  const [ours, theirs] = [await openSide(question.before, look.signal), await openSide(question.after, look.signal)];
  await refuseItself(ours.side.path, theirs.side.path);
  const before = ours.inventory ?? (await observeTsdbInventory(ours.side.path, readers, look));
  const cut = { ...look, cutMs: before.completeToMs };
  const after = theirs.inventory ?? (await observeTsdbInventory(theirs.side.path, readers, cut));
  const areDirectories = ours.inventory === undefined && theirs.inventory === undefined;
  const comparison = areDirectories ? await compareDirectories([ours, theirs], { before, after }, readers, look) : null;
  const retentionMs = question.retentionMs ?? (await findRetention(ours, before));
  const blocks = retentionMs === undefined ? {} : { blocks: condemnedBlocks(before, after, retentionMs) };
  return {
    format: 1,
    run: null,
    stack: null,
    provedAtMs: Math.round(readers.now()),
    before: ours.side,
    after: theirs.side,
    ...compareTsdbInventories({ before, after, comparison, ...blocks }),
    components: [],
    inventory: after,
  };
}

interface OpenedSide {
  readonly side: ProofSide;
  /** Undefined for a directory, which is still to be read. */
  readonly inventory: TsdbInventory | undefined;
}

async function openSide(path: string, signal: AbortSignal): Promise<OpenedSide> {
  const file = await findFileSide(path, signal);
  if (file !== undefined) return file;
  return { side: { path: await findDataDirectory(path), kind: 'directory' }, inventory: undefined };
}

/** Null where the sums have proved everything. */
async function compareDirectories(
  [ours, theirs]: readonly [OpenedSide, OpenedSide],
  { before, after }: { readonly before: TsdbInventory; readonly after: TsdbInventory },
  readers: TsdbReaders,
  { progress, signal }: TsdbLook,
): Promise<TsdbComparison | null> {
  const windows = findWindowsInQuestion(before, after);
  if (windows.length === 0 || before.completeToMs === null) return null;
  const text = `${ours.side.path} and ${theirs.side.path}, series by series`;
  return readers.run(
    { kind: 'compare', directory: ours.side.path, after: theirs.side.path, cutMs: before.completeToMs, windows },
    { signal, onProgress: (done, total) => progress({ done, total, unit: 'bytes', text }) },
  );
}

/** What the data root that the directory lies in has on record; a volume lies one or two levels below it. */
async function findRetention({ side }: OpenedSide, before: TsdbInventory): Promise<number | undefined> {
  if (side.kind !== 'directory') return undefined;
  const newestMs = newestOf(before);
  let directory = dirname(side.path);
  for (let level = 0; level < 3; level += 1, directory = dirname(directory)) {
    const stack = await findStackOf(directory, side.path);
    if (stack !== undefined) return effectiveRetention(stack.retention, newestMs).timeMs;
  }
  return undefined;
}

/** Only where its list of volumes names the directory: an unreadable or foreign stack.json says nothing. */
async function findStackOf(dataRoot: string, dataDirectory: string) {
  try {
    const stack = await findStackFile(dataRoot);
    const own = stack?.volumes.find(({ component }) => component === 'prometheus');
    return own !== undefined && `${dataDirectory}/`.startsWith(`${join(dataRoot, own.path)}/`) ? stack : undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  }
}

function newestOf({ windows }: TsdbInventory): number | null {
  const newestMs = windows.reduce((newest, { lastMs }) => Math.max(newest, lastMs ?? newest), -Infinity);
  return newestMs === -Infinity ? null : newestMs;
}
