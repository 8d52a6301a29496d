import { followSymlinks, resolveDataRoot } from '../config/data-root.ts';
import type { ConfigFile } from '../config/load.ts';
import type { CommandContext } from './command.ts';
import type { Flags } from './flags.ts';

export interface OpenedDataRoot {
  /** Absolute, without a symlink in it. */
  readonly dataRoot: string;
  readonly configFile: ConfigFile | undefined;
}

/** Which data root is meant, and the config file if one is named. Throws `bad-config` and `bad-arguments`. */
export async function openDataRoot(flags: Flags, context: CommandContext): Promise<OpenedDataRoot> {
  const { environment, workingDirectory } = context;
  const configFile = await findConfigFile(flags, context);
  const named = resolveDataRoot({
    flag: flags.data,
    environment: environment.holdfastData,
    file: configFile?.values.data,
    xdgDataHome: environment.xdgDataHome,
    home: environment.home,
    workingDirectory,
  });
  return { dataRoot: await followSymlinks(named), configFile };
}

/** The parser of config files is only loaded where there is one. */
async function findConfigFile(flags: Flags, context: CommandContext): Promise<ConfigFile | undefined> {
  const { environment, workingDirectory } = context;
  const path = flags.config ?? (environment.holdfastConfig === '' ? undefined : environment.holdfastConfig);
  if (path === undefined) return undefined;
  const { loadConfigFile } = await import('../config/load.ts');
  const namedBy = flags.config === undefined ? 'HOLDFAST_CONFIG' : '--config';
  return loadConfigFile(path, { workingDirectory, home: environment.home, namedBy });
}
