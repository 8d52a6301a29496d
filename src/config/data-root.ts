import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';

export interface DataRootSources {
  readonly flag: string | undefined;
  /** HOLDFAST_DATA. */
  readonly environment: string | undefined;
  /** `data:` of the config file, absolute. */
  readonly file: string | undefined;
  readonly xdgDataHome: string | undefined;
  readonly home: string | undefined;
  readonly workingDirectory: string;
}

/** Where the data root is: flag, environment, config file, XDG data home. Absolute; throws `bad-arguments` for none. */
export function resolveDataRoot(sources: DataRootSources): string {
  const { flag, environment, file, xdgDataHome, home, workingDirectory } = sources;
  if (flag === '') throw unknownDataRoot('--data was given without a directory.');
  const named = flag ?? (environment === '' ? undefined : environment) ?? file;
  if (named !== undefined) return resolve(workingDirectory, named);
  // The XDG base directory specification: a relative path is to be ignored.
  if (xdgDataHome !== undefined && isAbsolute(xdgDataHome)) return join(xdgDataHome, 'holdfast');
  if (home !== undefined && isAbsolute(home)) return join(home, '.local', 'share', 'holdfast');
  throw unknownDataRoot('There is no home directory to keep the data root in.');
}

/** The same path with every symlink in it followed, as far as it exists: two names of one root are one root. */
export async function followSymlinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return path;
    return join(await followSymlinks(parent), basename(path));
  }
}

function unknownDataRoot(message: string): HoldfastError {
  return new HoldfastError('bad-arguments', { message, remedy: 'Name the data root with --data DIR.' });
}
