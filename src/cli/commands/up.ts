import { join } from 'node:path';
import { findStackFile } from '../../data-root/stack-file.ts';
import { paths } from '../../model/paths.ts';
import type { StatusReport } from '../../model/status.ts';
import { findProofOfRun } from '../../observations/proofs.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { findNotOk } from '../not-ok.ts';
import { performOperation, runOf, type Operation } from '../perform-operation.ts';
import { planResult } from '../plan-result.ts';
import { prepareOperation, type PreparedOperation } from '../prepare-operation.ts';
import { readStatus } from '../read-status.ts';
import { settlePlatform } from '../settle-platform.ts';

/** `holdfast up`: ends with the status of the stack, also where it did not come to be ok. */
export async function runUp(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const request = await prepareOperation({ verb: 'up', needsName: false, usesFiles: true }, input, context);
  const isNewAndUnsaid = !request.exists && !request.hasConfigFile && input.flags.platform === undefined;
  if (isNewAndUnsaid) await settlePlatform(request.settings.dataRoot, request.planOnly, context);
  const operation = await performStages(request, context);
  if (request.planOnly) return planResult(operation.plan);
  const { dataRoot } = request.settings;
  // A run that was stopped before stack.json was written has no status to print.
  const status = await readStatus(dataRoot, { fresh: true }, context).catch((error: unknown) => {
    throw operation.error ?? error;
  });
  const proof = await findProofPaid(dataRoot, operation);
  const { steps } = operation;
  return {
    value: { ...status, run: runOf(operation), steps, ...(proof === null ? {} : { proof }) },
    error: operation.error ?? findNotOk(status),
    text: (style) => renderEnd({ status, request, context, operation, proof }, style),
  };
}

/**
 * What an `up` has got for a stack that there was, as a newer program, is known only afterwards: then a second stage is
 * planned from fresh facts, which restarts what it concerns. It has no step where nothing changed.
 */
async function performStages(request: PreparedOperation, context: CommandContext): Promise<Operation> {
  const first = await performOperation(request, context);
  const hasMade = first.steps.some(({ phase, state }) => phase === 'create' && state === 'done');
  if (!request.exists || !first.wasCarriedOut || first.error !== undefined || !hasMade) return first;
  const second = await performOperation(asNextStage(request), context);
  return second.wasCarriedOut ? { ...second, steps: [...first.steps, ...second.steps] } : first;
}

/** The same wish, of which stack.json knows by now, without asking for newer programs once more. */
function asNextStage(request: PreparedOperation): PreparedOperation {
  const { settings } = request;
  const options = { ...settings.options, upgrade: false };
  return { ...request, settings: { ...settings, differences: [], options } };
}

/** The proof that this run wrote for an earlier one that owed it. */
async function findProofPaid(dataRoot: string, { plan, wasCarriedOut }: Operation) {
  const prove = plan.steps.find(({ phase }) => phase === 'prove');
  if (!wasCarriedOut || prove === undefined) return null;
  const owed = 'run' in prove && typeof prove.run === 'string' ? prove.run : plan.run;
  return (await findProofOfRun(dataRoot, owed).catch(() => undefined)) ?? null;
}

interface End {
  readonly status: StatusReport;
  readonly request: PreparedOperation;
  readonly context: CommandContext;
  readonly operation: Operation;
  readonly proof: Awaited<ReturnType<typeof findProofPaid>>;
}

async function renderEnd(end: End, style: Parameters<CommandResult['text']>[0]): Promise<readonly string[]> {
  const { status, request, context, operation, proof } = end;
  const { dataRoot } = request.settings;
  if (operation.error !== undefined || !status.ok) {
    const { renderStatus } = await import('../../report/render-status.ts');
    return renderStatus(status, context.now(), style);
  }
  const [{ renderUp }, { renderProof }] = await Promise.all([
    import('../../report/render-up.ts'),
    import('../../report/render-proof.ts'),
  ]);
  const listen = (await findStackFile(dataRoot))?.config.listen ?? request.config.listen;
  const passwordPath = join(dataRoot, paths.password);
  const table = renderUp({ status, listen, login: context.login, passwordPath }, style);
  return proof === null ? table : [...renderProof(proof, style), '', ...table];
}
