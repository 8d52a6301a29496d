import { resolveConfig } from '../config/resolve.ts';
import { findStackFile } from '../data-root/stack-file.ts';
import type { StackConfig } from '../model/config.ts';
import type { StackVerb } from '../model/plan.ts';
import type { CommandContext, CommandInput, OperationSettings } from './command.ts';
import { openDataRoot } from './open-data-root.ts';
import type { OperationRequest } from './perform-operation.ts';

export interface PreparedOperation extends OperationRequest {
  readonly config: StackConfig;
  /** True where a config file was named. */
  readonly hasConfigFile: boolean;
}

export interface PrepareOptions {
  readonly verb: StackVerb;
  readonly needsName: boolean;
  /** True for a verb that starts something with the files that the config names. */
  readonly usesFiles: boolean;
  readonly adopt?: OperationSettings['adopt'];
}

/** From the command line to what a changing verb is asked for: data root, config laid over stack.json, options. */
export async function prepareOperation(
  options: PrepareOptions,
  { flags }: CommandInput,
  context: CommandContext,
): Promise<PreparedOperation> {
  const { dataRoot, configFile } = await openDataRoot(flags, context);
  const stackFile = await findStackFile(dataRoot);
  const layers = {
    file: configFile,
    stackFile,
    flags: flags.platform === undefined ? {} : { platform: flags.platform },
  };
  const { config, differences } = resolveConfig(layers);
  if (options.usesFiles && configFile !== undefined) {
    const { refuseMissingFiles } = await import('../config/refuse-missing-files.ts');
    await refuseMissingFiles(configFile);
  }
  return {
    verb: options.verb,
    exists: stackFile !== undefined,
    config,
    hasConfigFile: configFile !== undefined,
    planOnly: flags.plan === true,
    confirmation: { needed: options.needsName, given: flags.confirm },
    settings: {
      verb: options.verb,
      dataRoot,
      config,
      differences,
      adopt: options.adopt ?? null,
      options: {
        letRetentionDelete: flags.unsafeLetRetentionDelete === true,
        acceptLoss: flags.unsafeAcceptLoss === true,
        purgePrograms: flags.purgePrograms === true,
        upgrade: flags.upgrade === true,
        breakLock: flags.unsafeBreakLock === true,
      },
    },
  };
}
