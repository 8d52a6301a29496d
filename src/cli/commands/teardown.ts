import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { performOperation, runOf } from '../perform-operation.ts';
import { planResult } from '../plan-result.ts';
import { prepareOperation } from '../prepare-operation.ts';

/** `holdfast teardown`: after it the data root alone is enough for a rebuild, here or on another machine. */
export async function runTeardown(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const request = await prepareOperation({ verb: 'teardown', needsName: true, usesFiles: false }, input, context);
  const operation = await performOperation(request, context);
  if (request.planOnly) return planResult(operation.plan);
  const { plan, steps, error } = operation;
  const { dataRoot } = request.settings;
  return {
    value: { run: runOf(operation), steps, proof: null },
    error,
    text: () =>
      error === undefined
        ? [
            `Stack ${plan.stack} is torn down. Its data is in ${dataRoot}, whole.`,
            'Bring it back with `holdfast rebuild` here, or on another machine that has a copy of that directory.',
          ]
        : [],
  };
}
