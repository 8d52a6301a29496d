import { closeSync } from 'node:fs';
import { findLinks, listNames } from './links.ts';
import { openRegularFile } from './open-regular-file.ts';
import type { TsdbFiles } from './tsdb-files.ts';

/** A data directory that nobody writes to: files are opened when they are needed. */
export function quietFiles(directory: string): TsdbFiles {
  return {
    list: (path) => listNames(directory, path),
    listLinks: () => findLinks(directory),
    open: (path) => {
      const { descriptor, sizeBytes } = openRegularFile(directory, path);
      return { path, descriptor, sizeBytes, release: () => closeSync(descriptor) };
    },
  };
}
