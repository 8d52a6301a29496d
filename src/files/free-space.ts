import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findErrno, fromFsError } from './fs-errors.ts';

/** Bytes that an ordinary user may still write on the file system of `path`, or of its nearest parent that exists. */
export async function freeSpace(path: string): Promise<number> {
  for (let directory = path; ; directory = dirname(directory)) {
    try {
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    } catch (error) {
      if (findErrno(error) !== 'ENOENT' || directory === dirname(directory)) throw fromFsError(error, path, 'read');
    }
  }
}
