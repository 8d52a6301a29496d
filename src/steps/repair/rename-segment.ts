import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { syncDirectory } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler } from '../../model/handler.ts';
import type { RenameSegmentStep } from '../../model/repair-step.ts';
import { exists } from './places.ts';

export const renameSegmentHandler: Handler<RenameSegmentStep> = {
  isDone: async ({ from }) => !(await exists(from)),
  apply: async ({ from, to }, { run }) => {
    if (await exists(to)) throw taken({ from, to, run });
    await withFsErrors(to, 'write', async () => {
      await rename(from, to);
      await syncDirectory(dirname(to));
    });
  },
};

function taken({ from, to, run }: Readonly<Record<'from' | 'to' | 'run', string>>): HoldfastError {
  return new HoldfastError('io', {
    message: `${from} does not get its new number: there is something at ${to}, which was not there before. Nothing was overwritten.`,
    remedy: `Move the folder of run ${run} out of the quarantine, then run the same command again: it begins anew with what is there.`,
    details: { from, to },
  });
}
