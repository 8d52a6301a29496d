import { readdir } from 'node:fs/promises';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { paths } from '../../../model/paths.ts';

/** What a first `up` may leave behind when it is killed before stack.json is written. */
const leftovers: readonly string[] = [paths.lock, paths.journal, paths.logs, paths.run, `${paths.stackFile}.lock`];

/**
 * A data root without stack.json is only taken for a new one where it is empty or holds nothing but what a killed first
 * `up` leaves. Anything else is a refusal: never a new stack beside data.
 */
export async function refuseUnknownRoot(dataRoot: string): Promise<readonly HoldfastError[]> {
  const names = await listNames(dataRoot);
  const unknown = names.filter((name) => !isLeftover(name));
  if (unknown.length === 0) return [];
  return [
    new HoldfastError('not-a-data-root', {
      message: `${dataRoot} holds ${unknown.slice(0, 5).join(', ')}${unknown.length > 5 ? ' and more' : ''}, but no stack.json: it is never taken for a new stack. Nothing was changed.`,
      remedy: `Put stack.json back (records/*.json hold copies of it), or name an empty or new directory with --data DIR.`,
      details: { names: unknown.slice(0, 50) },
    }),
  ];
}

function isLeftover(name: string): boolean {
  // A stack.json that was not whole yet: nothing has been listed in it that anybody could miss.
  if (name.startsWith(`${paths.stackFile}.`) && name.endsWith('.tmp-for-creation')) return true;
  return leftovers.some((known) => name === known || name.startsWith(`${known}.`));
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
