import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { performOperation, runOf } from '../perform-operation.ts';
import { planResult } from '../plan-result.ts';
import { prepareOperation } from '../prepare-operation.ts';

/** `holdfast down`: stops everything, removes nothing, asks nothing. */
export async function runDown(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const request = await prepareOperation({ verb: 'down', needsName: false, usesFiles: false }, input, context);
  const operation = await performOperation(request, context);
  if (request.planOnly) return planResult(operation.plan);
  const { plan, steps, error, wasCarriedOut } = operation;
  const state = wasCarriedOut ? 'is down' : 'was down already';
  return {
    value: { run: runOf(operation), steps },
    error,
    text: () => (error === undefined ? [`Stack ${plan.stack} ${state}. \`holdfast up\` starts it again.`] : []),
  };
}
