import { getStackFile } from '../../data-root/stack-file.ts';
import { getRun, listRunsOfStack } from '../../observations/runs.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast runs [RUN]`: what the journal remembers. */
export async function runRuns(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const { dataRoot } = await openDataRoot(input.flags, context);
  const runs = await listRunsOfStack(dataRoot, (root) => context.world.listRuns(root, {}));
  // A first `up` that was killed early has a journal before it has a stack.json.
  if (runs.length === 0) await getStackFile(dataRoot);
  const [id] = input.arguments;
  if (id === undefined) {
    return {
      value: { runs },
      text: async (style) => {
        const { renderRuns } = await import('../../report/render-runs.ts');
        return renderRuns(runs, context.now(), style);
      },
    };
  }
  const run = getRun(runs, id);
  return {
    value: { run },
    text: async (style) => {
      const { renderRun } = await import('../../report/render-runs.ts');
      return renderRun(run, style);
    },
  };
}
