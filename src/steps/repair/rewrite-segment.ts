import { constants } from 'node:fs';
import { chmod, chown, copyFile, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { syncDirectory } from '../../files/atomic-file.ts';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { findErrno, withFsErrors } from '../../files/fs-errors.ts';
import type { Handler } from '../../model/handler.ts';
import type { RewriteSegmentStep } from '../../model/repair-step.ts';
import { exists } from './places.ts';
import { taskOptions, type RepairDependencies } from './repair-dependencies.ts';

/**
 * The original gets a second name in the quarantine, then the new segment takes its place: at no moment is there a hole in
 * the WAL, on which Prometheus would not start.
 */
export function createRewriteSegmentHandler({ runTask }: RepairDependencies): Handler<RewriteSegmentStep> {
  return {
    isDone: async ({ directory, path, original }, context) => {
      // One that has its new number already, or is gone with its original: then the proof says what went with it.
      if (!(await exists(join(directory, path)))) return true;
      if (!(await exists(original))) return false;
      const { damages } = await runTask({ kind: 'count-segment', directory, path }, taskOptions(context, path));
      return damages === 0;
    },
    apply: async (step, context) => {
      const { directory, path, original } = step;
      const place = join(directory, path);
      const half = `${place}${halfMadeSuffix}`;
      const task = { kind: 'rewrite-segment', directory, path, to: half } as const;
      const written = await runTask(task, taskOptions(context, path));
      const read = await runTask(
        { kind: 'count-segment', directory, path: `${path}${halfMadeSuffix}` },
        taskOptions(context, path),
      );
      if (read.damages > 0 || read.recordsKept !== written.recordsKept) {
        throw notWhole(step);
      }
      await withFsErrors(original, 'write', () => keepOriginal(place, original));
      await withFsErrors(place, 'write', async () => {
        await likeOriginal(half, place);
        await rename(half, place);
        await syncDirectory(dirname(place));
      });
    },
  };
}

async function keepOriginal(place: string, original: string): Promise<void> {
  await mkdir(dirname(original), { recursive: true, mode: 0o700 });
  try {
    await link(place, original);
  } catch (error) {
    const errno = findErrno(error);
    if (errno === 'EEXIST') return;
    if (errno === undefined || !noLinks.has(errno)) throw error;
    await copyOriginal(place, original);
  }
  await syncDirectory(dirname(original));
}

/** Where hard links are unknown or forbidden. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EXDEV', 'ENOSYS']);

async function copyOriginal(place: string, original: string): Promise<void> {
  const half = `${original}${halfMadeSuffix}`;
  await rm(half, { force: true });
  await copyFile(place, half, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = await open(half, 'r');
  await file.sync().finally(() => file.close());
  await rename(half, original);
}

/** Prometheus must be able to read it, whoever runs this. */
async function likeOriginal(path: string, original: string): Promise<void> {
  const { uid, gid, mode } = await lstat(original);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  await chmod(path, mode & 0o7777);
}

function notWhole({ path }: RewriteSegmentStep): HoldfastError {
  return new HoldfastError('step-failed', {
    message: `What was written for ${path} does not read back whole. The segment was left as it is.`,
    remedy: 'Make sure that nobody writes there, then run the same command again.',
  });
}
