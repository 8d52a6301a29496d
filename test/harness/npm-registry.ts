import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from './make-checkout.ts';
import { runCommand } from './run-command.ts';

/** Why npm can get nothing from its registry, or undefined where it can. Asks for a package that this checkout installs. */
export async function findRegistrySilence(): Promise<string | undefined> {
  const lock = JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string } | undefined>>;
  };
  const version = lock.packages['node_modules/semver']?.version ?? '';
  const words = [
    'view',
    `semver@${version}`,
    'version',
    '--prefer-online',
    '--fetch-retries=0',
    '--fetch-timeout=20000',
  ];
  const outcome = await runCommand('npm', words).catch(() => undefined);
  return outcome?.exitCode === 0 ? undefined : 'npm cannot reach its registry';
}
