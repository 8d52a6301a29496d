import { mkdir } from 'node:fs/promises';
import { withFsErrors } from './fs-errors.ts';

/** Makes a directory that only its owner may enter, with its parents, where it is not there yet. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await withFsErrors(path, 'write', () => mkdir(path, { recursive: true, mode: 0o700 }));
}
