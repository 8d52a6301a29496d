import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Handler } from '../../../model/handler.ts';
import type { BreakLocksStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

export function breakLocksHandler(world: StandaloneWorld): Handler<BreakLocksStep> {
  const files = (step: BreakLocksStep) => step.files.map((file) => join(world.dataRoot, file));
  return {
    isDone: async (step) => (await Promise.all(files(step).map(exists))).every((found) => !found),
    async apply(step) {
      for (const file of files(step)) await rm(file, { force: true });
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
