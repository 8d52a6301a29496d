import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { findNotOk } from '../not-ok.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast status`: what the daemon saw last, with its age. */
export async function runStatus({ flags }: CommandInput, context: CommandContext): Promise<CommandResult> {
  const { dataRoot, configFile } = await openDataRoot(flags, context);
  const status = (await context.world.askStatus(dataRoot)) ?? (await readThoroughly(dataRoot, context));
  if (configFile !== undefined) {
    // A config file of another stack must not show this one as its own.
    const [{ resolveConfig }, { getStackFile }] = await Promise.all([
      import('../../config/resolve.ts'),
      import('../../data-root/stack-file.ts'),
    ]);
    resolveConfig({ file: configFile, stackFile: await getStackFile(dataRoot), flags: {} });
  }
  return {
    value: status,
    error: findNotOk(status),
    text: async (style) => {
      const { renderStatus } = await import('../../report/render-status.ts');
      return renderStatus(status, context.now(), style);
    },
  };
}

async function readThoroughly(dataRoot: string, context: CommandContext) {
  await import('../parse-once.ts');
  const { readStatus } = await import('../read-status.ts');
  return readStatus(dataRoot, { fresh: false }, context);
}
