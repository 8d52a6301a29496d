import { copyFile, cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that the tests themselves run from. */
export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const files = ['holdfast', 'package.json', 'package-lock.json', '.npmrc', 'README.md', 'LICENSE', 'CHANGELOG.md'];

/** A checkout of its own in `directory`, as a fresh clone is: nothing built; without `installed` nothing installed either. */
export async function makeCheckout(directory: string, { installed }: { readonly installed: boolean }): Promise<string> {
  await mkdir(directory);
  for (const part of ['src', 'tools', 'docs']) {
    await cp(join(repository, part), join(directory, part), { recursive: true });
  }
  for (const file of files) await copyFile(join(repository, file), join(directory, file));
  if (installed) await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}
