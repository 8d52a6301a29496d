import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler } from '../../model/handler.ts';
import type { PublishStitchStep } from '../../model/stitch-step.ts';
import { isBlockName } from '../../tsdb/block-meta.ts';
import { listBlocks } from './drop-losers.ts';
import { exists, viewOf, type StitchDependencies } from './stitch-dependencies.ts';

/** One rename for each block, once all is proven. */
export function createPublishStitchHandler({ opener }: StitchDependencies): Handler<PublishStitchStep> {
  return {
    isDone: async (step) => {
      if (await exists(step.half)) return false;
      const places = (await listBlocks(step)).map((block) => exists(join(step.into, block)));
      return (await Promise.all(places)).every(Boolean);
    },
    apply: async (step) => {
      const { half, into } = step;
      // Of a command that was killed, where the one that goes on asks none.
      await opener.endLeftOver(viewOf(step));
      await withFsErrors(into, 'write', async () => {
        for (const name of (await readdir(half)).filter(isBlockName)) await rename(join(half, name), join(into, name));
        await syncDirectory(into);
        await rm(half, { recursive: true });
        await syncDirectory(into);
      });
    },
  };
}
