import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';

/**
 * Debian's Alertmanager reads its templates from here and stops where they are missing, as they are when the package was
 * only unpacked (debian/patches/01-Do_not_embed_blobs.patch).
 */
const absolute = Buffer.from('/usr/share/prometheus/alertmanager');
/** As long, and seen from the working directory, which then is the root of what was unpacked. */
const relative = Buffer.from('usr/share/prometheus/alertmanager/');
export const templatesDirectory = relative.toString();

/** True for a build that reads its templates from that path. Looks at what it holds, not at who built it. */
export async function readsDebianTemplates(program: string): Promise<boolean> {
  return (await readFile(program)).includes(absolute);
}

/** True where the templates are where an unmodified build looks for them. */
export async function hasSystemTemplates(): Promise<boolean> {
  return isFile(`${absolute.toString()}/default.tmpl`);
}

/** The root that a program was unpacked to with its templates beside it, or undefined. */
export async function findUnpackRoot(program: string): Promise<string | undefined> {
  const root = dirname(dirname(dirname(program)));
  return (await isFile(join(root, templatesDirectory, 'default.tmpl'))) ? root : undefined;
}

/** Writes a copy whose templates are looked for below the working directory. The same program always gives the same copy. */
export async function writeModifiedCopy(program: string, copy: string): Promise<void> {
  await withFsErrors(copy, 'write', async () => {
    const content = await readFile(program);
    for (let at = content.indexOf(absolute); at >= 0; at = content.indexOf(absolute, at + 1))
      relative.copy(content, at);
    await writeFileAtomically(copy, content, { mode: 0o700 });
  });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
