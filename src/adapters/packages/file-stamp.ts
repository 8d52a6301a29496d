import { stat } from 'node:fs/promises';
import * as z from 'zod';

/** What tells that a file has not been touched since it was hashed: nobody can write to it and keep its ctime. */
export const fileStampSchema = z.object({
  sizeBytes: z.int().nonnegative(),
  modifiedNs: z.string(),
  changedNs: z.string(),
  inode: z.string(),
});
export type FileStamp = z.infer<typeof fileStampSchema>;

/** Undefined where there is no such regular file. */
export async function findFileStamp(path: string): Promise<FileStamp | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  if (info === undefined || !info.isFile()) return undefined;
  return {
    sizeBytes: Number(info.size),
    modifiedNs: String(info.mtimeNs),
    changedNs: String(info.ctimeNs),
    inode: String(info.ino),
  };
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return (
    a.sizeBytes === b.sizeBytes && a.modifiedNs === b.modifiedNs && a.changedNs === b.changedNs && a.inode === b.inode
  );
}
