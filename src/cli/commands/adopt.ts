import { resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { performOperation, runOf } from '../perform-operation.ts';
import { planResult } from '../plan-result.ts';
import { prepareOperation } from '../prepare-operation.ts';

/** `holdfast adopt DIR`: copies a directory that holds data into a new volume, and leaves it as it was. */
export async function runAdopt(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const from = await followSymlinks(resolve(context.workingDirectory, input.arguments[0] ?? ''));
  const adopt = { from, as: input.flags.as ?? null };
  const options = { verb: 'adopt', needsName: false, usesFiles: true, adopt } as const;
  const request = await prepareOperation(options, input, context);
  const operation = await performOperation(request, context);
  if (request.planOnly) return planResult(operation.plan);
  const { plan, steps, error } = operation;
  const { dataRoot } = request.settings;
  return {
    value: { run: runOf(operation), steps, stack: plan.stack, from },
    error,
    text: () =>
      error === undefined
        ? [`${from} was taken into ${dataRoot} and left as it was. \`holdfast up\` starts stack ${plan.stack} on it.`]
        : [],
  };
}
