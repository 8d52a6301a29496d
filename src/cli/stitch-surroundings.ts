import { resolveConfig } from '../config/resolve.ts';
import { findStackFile } from '../data-root/stack-file.ts';
import { findDataRootsAround } from '../observations/coverage/data-roots-around.ts';
import { findStackOf } from '../observations/coverage/find-stack-of.ts';
import type { ResultRetention } from '../operations/stitch/result-retention.ts';
import type { CommandContext, StitchChoice } from './command.ts';
import type { Flags } from './flags.ts';
import { openDataRoot } from './open-data-root.ts';

/** What config and stacks say of the result of a stitch. */
export interface StitchSurroundings {
  readonly choice: StitchChoice;
  readonly retention: ResultRetention;
}

/** From the flags, the config, the stack of the data root, and the one whose volume the result will be. */
export async function findSurroundings(
  into: string,
  flags: Flags,
  context: CommandContext,
): Promise<StitchSurroundings> {
  const { dataRoot, configFile } = await openDataRoot(flags, context);
  // A data root whose stack.json cannot be read is not what was asked about.
  const stackFile = await findStackFile(dataRoot).catch(() => undefined);
  const { config } = resolveConfig({ file: configFile, stackFile, flags: {} });
  const { retentionMs: timeMs, retentionSizeBytes: sizeBytes } = config.prometheus;
  return {
    choice: {
      pin: stackFile?.programs.find(({ name }) => name === 'prometheus'),
      configured: config.programs['prometheus'],
      skips: flags.unsafeSkipOpening === true,
    },
    retention: (await findKnownRetention(into, dataRoot, flags)) ?? { by: 'adopt', asked: { timeMs, sizeBytes } },
  };
}

async function findKnownRetention(into: string, dataRoot: string, flags: Flags): Promise<ResultRetention | undefined> {
  if (flags.retention !== undefined) return { by: 'flag', timeMs: flags.retention };
  const owner = await findStackOf(into, findDataRootsAround(into, [dataRoot]));
  if (owner === undefined) return undefined;
  const { name, retention } = owner.stack;
  return { by: 'stack', stack: name, dataRoot: owner.dataRoot, retention };
}
