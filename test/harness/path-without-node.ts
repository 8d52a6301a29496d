import { mkdir, readdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A directory in `home` with everything that PATH has except Node.js and what comes with it. */
export async function makePathWithoutNode(home: string): Promise<string> {
  const directory = join(home, 'path-without-node');
  await mkdir(directory);
  for (const from of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of await readdir(from).catch(() => [])) {
      if (/^(?:node|nodejs|npm|npx|corepack)$/.test(name)) continue;
      // The first on the PATH counts.
      await symlink(join(from, name), join(directory, name)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
    }
  }
  return directory;
}
