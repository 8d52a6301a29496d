import { dirname, join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { Handler } from '../../model/handler.ts';
import type { RewriteBlockStep } from '../../model/repair-step.ts';
import { exists } from './places.ts';
import { taskOptions, type RepairDependencies } from './repair-dependencies.ts';

/** A block has its name only once it is whole, on the disk and read back. */
export function createRewriteBlockHandler({ runTask }: RepairDependencies): Handler<RewriteBlockStep> {
  return {
    isDone: async (step, context) => {
      const { directory, block, original, to, shape, series, isNumbered, keeps } = step;
      if (!(await exists(join(directory, to)))) {
        // With the original gone as well there is nothing to copy; what went with it, the proof says.
        return !(await exists(join(directory, block))) && !(await exists(original));
      }
      const from = await placeOf(step);
      const successor = { block, series, isNumbered, to, shape, counts: keeps };
      const task = { kind: 'is-successor', directory, from, ...successor } as const;
      return runTask(task, taskOptions(context, to));
    },
    apply: async (step, context) => {
      const { directory, block, to, shape, series, isNumbered } = step;
      if (await exists(join(directory, to))) throw taken(step);
      const from = await placeOf(step);
      const meta = { ...shape, ulid: block, series };
      const task = { kind: 'copy-block', directory, from, block: meta, isNumbered, to } as const;
      const { samples, chunks, contentDigest } = await runTask(task, taskOptions(context, block));
      context.say(
        `block ${to} holds ${samples} samples in ${chunks} chunks of ${block}, read back: sha256 ${contentDigest}`,
      );
    },
  };
}

/** The directory that the original is in: its own until it has been moved aside. */
async function placeOf({ directory, block, original }: RewriteBlockStep): Promise<string> {
  return (await exists(join(directory, block))) ? directory : dirname(original);
}

function taken({ directory, block, to }: RewriteBlockStep): HoldfastError {
  return new HoldfastError('io', {
    message: `${join(directory, to)} is not the copy of ${block} that it should be: it is damaged or holds something else. Nothing was overwritten, and the original of ${block} was left alone.`,
    remedy: `Move ${join(directory, to)} out of the directory, then run the same command again.`,
    details: { directory, block, to },
  });
}
