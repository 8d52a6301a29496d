import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptedPath } from '../../../data-root/debt.ts';
import { makePrivateDirectory } from '../../../files/private-directory.ts';
import { writeFileAtomically } from '../../../files/atomic-file.ts';
import type { Handler } from '../../../model/handler.ts';
import { paths } from '../../../model/paths.ts';
import type { AcceptLossStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** Closes a run's debt although its proof is not good: the user has said so, and the failed proof stays. */
export function acceptLossHandler(world: StandaloneWorld): Handler<AcceptLossStep> {
  const marker = (step: AcceptLossStep) => join(world.dataRoot, acceptedPath(step.run));
  return {
    isDone: async (step) =>
      stat(marker(step)).then(
        () => true,
        () => false,
      ),
    async apply(step) {
      await makePrivateDirectory(join(world.dataRoot, paths.proofs));
      const text = JSON.stringify({ format: 1, run: step.run, acceptedAtMs: world.now() });
      await writeFileAtomically(marker(step), `${text}\n`, { mode: 0o600 });
    },
  };
}
