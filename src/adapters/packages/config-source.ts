import { isAbsolute } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { InstalledProgram } from '../../model/program.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';
import { useProgramAt } from './use-program-at.ts';

/**
 * The program that `programs:` names. Nothing else is tried for it, so anything wrong is `bad-config`: another program,
 * or another version than the pinned one where no upgrade was asked for.
 */
export async function useConfiguredProgram(
  context: StoreContext,
  path: string,
  request: ProgramRequest,
): Promise<InstalledProgram> {
  const { name, version, signal } = request;
  if (!isAbsolute(path)) throw refusal(request, path, 'is not an absolute path');
  const found = await useProgramAt(context, { name, path, source: 'config' }, { keep: true, signal });
  if ('reason' in found) throw refusal(request, path, found.reason);
  if (version === undefined || found.version === version) return found;
  throw new HoldfastError('bad-config', {
    message: `programs.${name}: ${path} is version ${found.version}, and stack.json pins ${version}. Nothing was changed.`,
    remedy: `Name a ${name} ${version} there, or make the change a visible step: holdfast up --upgrade`,
    details: { program: name, path, version: found.version, pinned: version },
  });
}

function refusal({ name }: ProgramRequest, path: string, reason: string): HoldfastError {
  return new HoldfastError('bad-config', {
    message: `programs.${name}: ${path} ${reason}. Nothing was changed.`,
    remedy: `Name the path of a ${name} there, or take the line out of the config file.`,
    details: { program: name, path, reason },
  });
}
