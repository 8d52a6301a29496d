import { createSecrets, findSecrets } from '../../../data-root/secrets.ts';
import type { Handler } from '../../../model/handler.ts';
import type { CreateSecretsStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

export function createSecretsHandler(world: StandaloneWorld): Handler<CreateSecretsStep> {
  return {
    isDone: async () => (await findSecrets(world.dataRoot)) !== undefined,
    apply: () => createSecrets(world.dataRoot, () => world.randomText()),
  };
}
