import { findDroppedSamples, findWrittenHead } from '../../data-root/stitch-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import type { Handler } from '../../model/handler.ts';
import type { DropLosersStep, StitchedBlocks } from '../../model/stitch-step.ts';
import { taskOptions, type StitchDependencies } from './stitch-dependencies.ts';

/** While the blocks have no place yet: what loses is never seen in the result. */
export function createDropLosersHandler({ runTask }: StitchDependencies): Handler<DropLosersStep> {
  return {
    isDone: async ({ file }) => (await findDroppedSamples(file)) !== undefined,
    apply: async ({ half, winners, losers, file }, context) => {
      const task = {
        kind: 'drop-losers',
        directory: half,
        winners: await listBlocks(winners),
        losers: await listBlocks(losers),
      } as const;
      const dropped = await runTask(task, taskOptions(context, half));
      await writeFileAtomically(file, `${JSON.stringify({ format: 1, ...dropped }, null, 2)}\n`, { mode: 0o600 });
      context.say(`${dropped.samples} samples were deleted from ${dropped.blocks.length} blocks`);
    },
  };
}

/** All of them by their names. Throws where a head was not written. */
export async function listBlocks({ blocks, heads }: StitchedBlocks): Promise<readonly string[]> {
  const all = [...blocks];
  for (const file of heads) {
    const written = await findWrittenHead(file);
    if (written === undefined) throw notWritten(file);
    all.push(...written.blocks);
  }
  return all;
}

function notWritten(file: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${file} is missing: which blocks a head has become is not known. The sources are as they were.`,
    remedy: 'Remove the unfinished directory and what stands beside it, then run the same command again.',
  });
}
