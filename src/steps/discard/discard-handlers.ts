import { lstat, mkdir, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  discardMarkFile,
  findDiscardedAbove,
  findDiscardMark,
  findRecordedProof,
  isDiscardMarkFile,
} from '../../data-root/discard-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { syncDirectory, writeFileAtomically } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type {
  DiscardStep,
  KeeperRef,
  MarkDiscardedStep,
  RecordProofStep,
  RemoveDiscardedStep,
  SetAsideStep,
} from '../../model/discard-step.ts';
import type { Handler, Handlers } from '../../model/handler.ts';
import { parseDiscardedName, removalSuffix } from '../../rules/discard-name.ts';
import { removeTree } from './remove-tree.ts';

export function createDiscardHandlers(): Handlers<DiscardStep> {
  return {
    'record-proof': recordProofHandler,
    'mark-discarded': markHandler,
    'set-aside': setAsideHandler,
    'remove-discarded': removeHandler,
  };
}

const recordProofHandler: Handler<RecordProofStep> = {
  isDone: async ({ file, proof }) => (await findRecordedProof(file))?.provedAtMs === proof.provedAtMs,
  apply: async ({ file, proof }) => {
    await withFsErrors(file, 'write', () => mkdir(dirname(file), { recursive: true, mode: 0o700 }));
    await writeFileAtomically(file, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600 });
  },
};

const markHandler: Handler<MarkDiscardedStep> = {
  isDone: async ({ from, to, mark }) => (await bears(from, mark.run)) || (await bears(to, mark.run)),
  apply: async ({ from, mark }) => {
    await requireDirectory(from);
    await removeHalfMadeMarks(from);
    await writeFileAtomically(join(from, discardMarkFile), `${JSON.stringify(mark, null, 2)}\n`, { mode: 0o644 });
  },
};

/** What a command that was killed here has left of the mark. */
async function removeHalfMadeMarks(directory: string): Promise<void> {
  await withFsErrors(directory, 'write', async () => {
    const names = (await readdir(directory)).filter((name) => name !== discardMarkFile && isDiscardMarkFile(name));
    for (const name of names) await rm(join(directory, name));
  });
}

/**
 * The mark is in it before the others are asked: of two that are to be discarded at the same moment, each because of the
 * other one, at least one sees the other's mark here.
 */
const setAsideHandler: Handler<SetAsideStep> = {
  isDone: async ({ from, to, markedBy }) => (await bears(to, markedBy)) && !(await bears(from, markedBy)),
  apply: async (step) => {
    const { from, to, markedBy, keepers } = step;
    await requireDirectory(from);
    if (!(await bears(from, markedBy))) throw notOurs(from);
    if (await exists(to)) throw taken(from, to);
    try {
      for (const keeper of keepers) await requireKeeper(keeper, from);
      await move(from, to);
      try {
        // One that is gone together with it was the same directory by another name.
        for (const keeper of keepers) await requireKeeper(keeper, from);
      } catch (error) {
        await move(to, from);
        throw error;
      }
    } catch (error) {
      await unmark(from);
      throw error;
    }
  },
};

async function move(from: string, to: string): Promise<void> {
  await withFsErrors(to, 'write', async () => {
    await rename(from, to);
    await syncDirectory(dirname(to));
  });
}

/** It stays what it was, and counts again; one that was discarded before keeps its mark. */
async function unmark(path: string): Promise<void> {
  if (parseDiscardedName(basename(path)) !== undefined) return;
  await withFsErrors(path, 'write', () => unlink(join(path, discardMarkFile)));
}

const removeHandler: Handler<RemoveDiscardedStep> = {
  isDone: async ({ path }) => !(await exists(path)),
  apply: async ({ path, markedBy }, context) => {
    await requireDirectory(path);
    if (!path.endsWith(removalSuffix) || parseDiscardedName(basename(path)) === undefined) throw notOurs(path);
    await removeTree(path, {
      last: discardMarkFile,
      // The mark goes last, so that one without it has nothing else in it.
      isOurs: () => bears(path, markedBy),
      signal: context.signal,
      onRemoved: (done) => context.progress({ done, total: 0, unit: 'items', text: path }),
    });
    await withFsErrors(path, 'write', () => syncDirectory(dirname(path)));
  },
};

async function bears(directory: string, run: string): Promise<boolean> {
  return (await findDiscardMark(directory))?.run === run;
}

/** A symlink in its place would lead elsewhere. */
async function requireDirectory(path: string): Promise<void> {
  const info = await withFsErrors(path, 'read', () => lstat(path));
  if (!info.isDirectory()) throw notOurs(path);
}

async function requireKeeper({ path, inode }: KeeperRef, discarded: string): Promise<void> {
  const info = await lstat(path).catch(() => undefined);
  const gone = await findDiscardedAbove(path, (name) => parseDiscardedName(name) !== undefined);
  if (info?.isDirectory() === true && info.ino === inode && gone === undefined) return;
  const reason = gone === undefined ? 'is no longer where it was' : 'is being discarded itself';
  throw new HoldfastError('not-elsewhere', {
    message: `${path}, which holds the samples of ${discarded}, ${reason}. Nothing was renamed or removed.`,
    remedy: 'Look at both directories, then run the same command again.',
    details: { path, discarded },
  });
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function notOurs(path: string): HoldfastError {
  return new HoldfastError('step-failed', {
    message: `${path} is not the directory that was looked at: it bears another mark, or none. It was left as it is.`,
    remedy: 'Look at it, then run the same command again.',
    details: { path },
  });
}

function taken(from: string, to: string): HoldfastError {
  return new HoldfastError('io', {
    message: `${from} is not renamed: there is something at ${to} already. Nothing was overwritten.`,
    remedy: 'Look at both, move one of them out of the way, and run the same command again.',
    details: { from, to },
  });
}
