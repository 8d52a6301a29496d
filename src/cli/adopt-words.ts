import { findStackFile } from '../data-root/stack-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { VolumeComponent } from '../model/component.ts';
import { shellWord } from '../model/shell-word.ts';
import type { CommandContext } from './command.ts';
import type { Flags } from './flags.ts';
import { openDataRoot } from './open-data-root.ts';

/**
 * The beginning of an `adopt` that is not refused: a data root with a volume of that component takes no second one, so
 * that another data root has to be named.
 */
export async function findAdoptWords(
  flags: Flags,
  context: CommandContext,
): Promise<(kind: VolumeComponent) => string> {
  const taken = await findTaken(flags, context);
  const here = flags.data === undefined ? 'holdfast adopt' : `holdfast --data ${shellWord(flags.data)} adopt`;
  return (kind) => (taken.includes(kind) ? 'holdfast --data NEWROOT adopt' : here);
}

/** Of a data root that cannot be told, or whose stack.json cannot be read, `adopt` itself says what is wrong with it. */
async function findTaken(flags: Flags, context: CommandContext): Promise<readonly string[]> {
  try {
    const { dataRoot } = await openDataRoot(flags, context);
    return (await findStackFile(dataRoot))?.volumes.map(({ component }) => component) ?? [];
  } catch (error) {
    if (error instanceof HoldfastError) return [];
    throw error;
  }
}
