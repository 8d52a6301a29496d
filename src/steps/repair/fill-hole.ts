import { chown, lstat, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeNewFile } from '../../files/atomic-file.ts';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler } from '../../model/handler.ts';
import type { FillHoleStep } from '../../model/repair-step.ts';
import { exists, findAt } from './places.ts';

/** An empty segment holds no record, and closes the row of numbers that Prometheus insists on. */
export const fillHoleHandler: Handler<FillHoleStep> = {
  // Without its directory, as that of a checkpoint that has gone since, there is no row any more.
  isDone: async ({ path }) => (await findAt(path))?.isFile() === true || !(await exists(dirname(path))),
  apply: ({ path }) =>
    withFsErrors(path, 'write', async () => {
      const half = `${path}${halfMadeSuffix}`;
      await rm(half, { force: true });
      await writeEmptySegment(half);
      await rename(half, path);
      await syncDirectory(dirname(path));
    }),
};

/** Of the owner of its directory, who must be able to read it, whoever runs this. */
export async function writeEmptySegment(path: string): Promise<void> {
  const { uid, gid, mode } = await lstat(dirname(path));
  await writeNewFile(path, '', mode & 0o666);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}
