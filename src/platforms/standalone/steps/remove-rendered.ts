import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Handler } from '../../../model/handler.ts';
import { paths } from '../../../model/paths.ts';
import type { RemoveRenderedStep, RemoveRuntimeStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** Rendered configuration is made again from stack.json at every start, so removing it loses nothing. */
export function removeRenderedHandler(world: StandaloneWorld): Handler<RemoveRenderedStep> {
  const directories = (step: RemoveRenderedStep) =>
    step.components.map((component) => join(world.dataRoot, paths.rendered(component)));
  return {
    isDone: async (step) => (await Promise.all(directories(step).map(exists))).every((found) => !found),
    async apply(step) {
      for (const directory of directories(step)) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** run/ belongs to this machine and to processes that have ended by now. */
export function removeRuntimeHandler(world: StandaloneWorld): Handler<RemoveRuntimeStep> {
  const directory = join(world.dataRoot, paths.run);
  return {
    isDone: async () => !(await exists(directory)),
    apply: () => rm(directory, { recursive: true, force: true }),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
