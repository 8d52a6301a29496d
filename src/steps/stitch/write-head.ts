import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findWrittenHead } from '../../data-root/stitch-files.ts';
import { syncDirectory, writeFileAtomically } from '../../files/atomic-file.ts';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler, StepContext } from '../../model/handler.ts';
import type { WriteHeadStep, WrittenHead } from '../../model/stitch-step.ts';
import { giveLike } from './give-like.ts';
import { exists, isMade, taskOptions, type StitchDependencies } from './stitch-dependencies.ts';

/**
 * The blocks of a head are made where nobody looks for them, then the file says which they are, and only then they are
 * moved: killed before the file, they are made again under other names, and those of before are removed.
 */
export function createWriteHeadHandler(dependencies: StitchDependencies): Handler<WriteHeadStep> {
  return {
    isDone: async (step) => {
      const written = await findWrittenHead(step.file);
      if (written?.directory !== step.directory || (await exists(workOf(step)))) return false;
      const made = await Promise.all(written.blocks.map((block) => isMade(step, block)));
      return made.every(Boolean);
    },
    apply: async (step, context) => {
      const written = (await findWrittenHead(step.file)) ?? (await makeBlocks(step, context, dependencies));
      const work = workOf(step);
      await withFsErrors(step.half, 'write', async () => {
        for (const block of written.blocks) {
          if (!(await isMade(step, block))) await rename(join(work, block), join(step.half, block));
        }
        await syncDirectory(step.half);
        await rm(work, { recursive: true, force: true });
      });
      const late = written.outOfOrderSamples === 0 ? '' : `, ${written.outOfOrderSamples} of them out of order`;
      context.say(`the head of ${step.directory}: ${written.blocks.length} blocks, ${written.samples} samples${late}`);
    },
  };
}

async function makeBlocks(
  step: WriteHeadStep,
  context: StepContext,
  { runTask, now }: StitchDependencies,
): Promise<WrittenHead> {
  const work = workOf(step);
  await withFsErrors(work, 'write', async () => {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { mode: 0o700 });
    await giveLike(work, step.half);
  });
  const { directory, coveredToMs } = step;
  const task = { kind: 'write-head', directory, coveredToMs, into: work, nowMs: now() } as const;
  const { blocks, samples, outOfOrderSamples } = await runTask(task, taskOptions(context, directory));
  const written = { format: 1, directory, blocks: blocks.map(({ ulid }) => ulid), samples, outOfOrderSamples } as const;
  await writeFileAtomically(step.file, `${JSON.stringify(written, null, 2)}\n`, { mode: 0o600 });
  return written;
}

function workOf({ half, source }: WriteHeadStep): string {
  return join(half, `head-${source}${halfMadeSuffix}`);
}
