import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findStitchManifest } from '../../data-root/stitch-files.ts';
import { syncDirectory, writeFileAtomically } from '../../files/atomic-file.ts';
import { findErrno, withFsErrors } from '../../files/fs-errors.ts';
import { makePrivateDirectory } from '../../files/private-directory.ts';
import type { Handler } from '../../model/handler.ts';
import type { BeginStitchStep } from '../../model/stitch-step.ts';
import { giveLike } from './give-like.ts';
import { exists } from './stitch-dependencies.ts';

/** Before anything is made, the folder of the run says of what. A new directory is its sources' first one's like. */
export const beginStitchHandler: Handler<BeginStitchStep> = {
  isDone: async ({ file, manifest, into }) => {
    const found = await findStitchManifest(file);
    return found?.run === manifest.run && (await exists(into));
  },
  apply: async ({ file, manifest, into, half }) => {
    const [first] = manifest.sources;
    await withFsErrors(into, 'write', async () => {
      if ((await makeDirectory(into)) && first !== undefined) await giveLike(into, first.directory);
      await makeDirectory(half);
      await giveLike(half, into);
      await syncDirectory(into);
      await syncDirectory(dirname(into));
    });
    await makePrivateDirectory(dirname(file));
    await writeFileAtomically(file, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  },
};

/** False where it is there already. */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (findErrno(error) !== 'EEXIST') throw error;
    return false;
  }
}
