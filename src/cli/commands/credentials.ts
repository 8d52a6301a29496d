import { getSecrets } from '../../data-root/secrets.ts';
import { getStackFile } from '../../data-root/stack-file.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast credentials`: the one user and password of all components, on stdout only. */
export async function runCredentials({ flags }: CommandInput, context: CommandContext): Promise<CommandResult> {
  const { dataRoot } = await openDataRoot(flags, context);
  await getStackFile(dataRoot);
  const { user, password } = await getSecrets(dataRoot);
  return { value: { user, password }, text: () => [`user      ${user}`, `password  ${password}`] };
}
