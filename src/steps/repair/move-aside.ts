import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { syncDirectory } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler } from '../../model/handler.ts';
import type { MoveAsideStep } from '../../model/repair-step.ts';
import { exists } from './places.ts';

/**
 * One rename on one file system: it is in the one place or in the other, whole. What has gone without us, as a half-made
 * block that Prometheus removes when it starts, is out of the way too; whether samples went with it, the proof says.
 */
export const moveAsideHandler: Handler<MoveAsideStep> = {
  isDone: async ({ from }) => !(await exists(from)),
  apply: async ({ from, to }, { run }) => {
    if (await exists(to)) throw taken(from, to, run);
    await withFsErrors(to, 'write', async () => {
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await rename(from, to);
      await syncDirectory(dirname(to));
      await syncDirectory(dirname(from));
    });
  },
};

function taken(from: string, to: string, run: string): HoldfastError {
  return new HoldfastError('io', {
    message: `${from} is not moved aside: run ${run} has moved one of that name to ${to} already. Nothing was overwritten.`,
    remedy: `Move the folder of run ${run} out of the quarantine, then run the same command again: it begins anew with what is there.`,
    details: { from, to },
  });
}
