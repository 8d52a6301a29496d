import { chmod, chown, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler } from '../../model/handler.ts';
import type { MakeCheckpointStep } from '../../model/repair-step.ts';
import { writeEmptySegment } from './fill-hole.ts';
import { findAt } from './places.ts';

/** As Prometheus calls one that it makes (checkpoint.go): it removes it, or passes over it. */
const unfinishedSuffix = '.tmp';

/** A checkpoint that says: everything up to here is gone, begin behind it. */
export const makeCheckpointHandler: Handler<MakeCheckpointStep> = {
  isDone: async ({ path }) => (await findAt(path))?.isDirectory() === true,
  apply: ({ path }) =>
    withFsErrors(path, 'write', async () => {
      const half = `${path}${unfinishedSuffix}`;
      const { uid, gid, mode } = await lstat(dirname(path));
      await rm(half, { recursive: true, force: true });
      await mkdir(half);
      await chmod(half, mode & 0o7777);
      if (process.getuid?.() === 0) await chown(half, uid, gid);
      await writeEmptySegment(join(half, '00000000'));
      await syncDirectory(half);
      await rename(half, path);
      await syncDirectory(dirname(path));
    }),
};
