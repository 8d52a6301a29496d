import { getStackFile } from '../../data-root/stack-file.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { CommandContext, CommandInput, CommandResult, ServiceAction, ServiceReport } from '../command.ts';
import type { Flags } from '../flags.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast service install|uninstall|status`: whether systemd starts the daemon of this data root at boot. */
export async function runService(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const action = input.arguments[0] as ServiceAction;
  const scope = scopeOf(input.flags, context.isRoot);
  const { dataRoot } = await openDataRoot(input.flags, context);
  if (action === 'install') await getStackFile(dataRoot);
  const report = await context.world.service(action, scope, { dataRoot, signal: context.signal });
  return { value: report, text: () => renderService(action, report) };
}

function scopeOf({ user, system }: Flags, isRoot: boolean): 'user' | 'system' {
  if (user === true && system === true) {
    throw new HoldfastError('bad-arguments', {
      message: '--user and --system exclude each other.',
      remedy: 'Give one of them, or neither: root gets --system, everybody else --user.',
    });
  }
  if (user === true) return 'user';
  return system === true || isRoot ? 'system' : 'user';
}

function renderService(action: ServiceAction, { scope, unit, installed, active }: ServiceReport): readonly string[] {
  const state = `${installed ? 'installed' : 'not installed'}, ${active ? 'active' : 'not active'}`;
  const next = {
    install: 'The stack comes back after a reboot.',
    uninstall: 'Nothing starts the stack after a reboot any more. What runs goes on until `holdfast down`.',
    status: installed ? '' : 'Install it with `holdfast service install`.',
  }[action];
  return [`${unit} (${scope}): ${state}.`, ...(next === '' ? [] : [next])];
}
