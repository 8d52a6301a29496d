import { resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import { tsdbInventoryFormat } from '../../data-root/tsdb-inventory-schema.ts';
import { observeTsdbInventory } from '../../observations/tsdb-inventory.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';

/** `holdfast inventory DIR`: what a TSDB holds, to the sample. */
export async function runInventory(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const directory = await followSymlinks(resolve(context.workingDirectory, input.arguments[0] ?? ''));
  const readers = await context.world.openTsdb();
  const inventory = await observeTsdbInventory(directory, readers, {
    progress: (progress) => context.reporter.progress(progress),
    signal: context.signal,
  });
  return {
    value: { format: tsdbInventoryFormat, ...inventory },
    text: async (style) => {
      const { renderTsdbInventory } = await import('../../report/render-tsdb-inventory.ts');
      return renderTsdbInventory(directory, inventory, style);
    },
  };
}
