import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { settledPath } from '../../../data-root/debt.ts';
import { writeFileAtomically } from '../../../files/atomic-file.ts';
import type { Handler } from '../../../model/handler.ts';
import { paths } from '../../../model/paths.ts';
import type { AcceptLossStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** Closes a run's debt although its proof is not good: the user has said so, and the failed proof stays. */
export function acceptLossHandler(world: StandaloneWorld): Handler<AcceptLossStep> {
  const marker = (step: AcceptLossStep) => join(world.dataRoot, settledPath(step.run));
  return {
    isDone: async (step) =>
      stat(marker(step)).then(
        () => true,
        () => false,
      ),
    apply: (step) => settle(world.dataRoot, step.run, `${JSON.stringify({ format: 1, how: 'accepted', atMs: world.now() })}\n`),
  };
}

/** Writes the marker that a run owes no proof any more. */
export async function settle(dataRoot: string, run: string, text: string): Promise<void> {
  await mkdir(join(dataRoot, paths.proofs), { recursive: true, mode: 0o700 });
  await writeFileAtomically(join(dataRoot, settledPath(run)), text, { mode: 0o600 });
}
