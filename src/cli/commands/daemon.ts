import { getStackFile } from '../../data-root/stack-file.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast daemon`: looks after the stack until it is told to end; SIGTERM stops the stack in order. */
export async function runDaemonCommand({ flags }: CommandInput, context: CommandContext): Promise<CommandResult> {
  const { dataRoot } = await openDataRoot(flags, context);
  await getStackFile(dataRoot);
  await context.world.runDaemon(dataRoot, context.signal);
  return { value: { dataRoot }, text: () => [] };
}
