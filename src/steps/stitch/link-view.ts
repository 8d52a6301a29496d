import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withFsErrors } from '../../files/fs-errors.ts';
import { isBlockName } from '../../tsdb/block-meta.ts';

/**
 * A data directory with the same blocks, for a Prometheus that must not change them: directories of its own, so that what it
 * deletes or renames is its own, and in them symlinks to files that no Prometheus ever opens for writing. meta.json is
 * copied. Costs nothing, also where files can have one name only. Returns the names of the blocks.
 */
export async function linkView(from: string, view: string): Promise<readonly string[]> {
  return withFsErrors(view, 'write', async () => {
    const blocks = (await readdir(from)).filter(isBlockName).sort();
    await mkdir(view, { recursive: true, mode: 0o700 });
    for (const block of blocks) await linkBlock(join(from, block), join(view, block));
    return blocks;
  });
}

async function linkBlock(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkBlock(source, target);
    else if (entry.name === 'meta.json') await copyFile(source, target);
    else await symlink(source, target);
  }
}
