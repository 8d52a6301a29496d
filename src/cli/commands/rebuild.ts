import type { Proof } from '../../model/proof.ts';
import { findProofOfRun } from '../../observations/proofs.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { performOperation, runOf } from '../perform-operation.ts';
import { planResult } from '../plan-result.ts';
import { prepareOperation } from '../prepare-operation.ts';

/** `holdfast rebuild`: ends with the proof, also where the proof says that something is missing. */
export async function runRebuild(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const request = await prepareOperation({ verb: 'rebuild', needsName: true, usesFiles: true }, input, context);
  const operation = await performOperation(request, context);
  if (request.planOnly) return planResult(operation.plan);
  const { plan, steps, error, wasCarriedOut } = operation;
  const { dataRoot } = request.settings;
  const proof = wasCarriedOut ? await findNewProof(dataRoot, plan.run) : null;
  return {
    value: { run: runOf(operation), steps, proof },
    error,
    text: async (style) => {
      if (proof === null) return [];
      const { renderProof } = await import('../../report/render-proof.ts');
      return renderProof(proof, style);
    },
  };
}

/** A proof that cannot be read must not hide why the run failed. */
async function findNewProof(dataRoot: string, run: string): Promise<Proof | null> {
  return (await findProofOfRun(dataRoot, run).catch(() => undefined)) ?? null;
}
