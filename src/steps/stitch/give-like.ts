import { chmod, chown, lstat } from 'node:fs/promises';

/** Whoever may read and write `like` may do so with `path`; only root can give it away. */
export async function giveLike(path: string, like: string): Promise<void> {
  const [{ uid, gid, mode }, own] = [await lstat(like), await lstat(path)];
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  await chmod(path, own.isDirectory() ? mode & 0o7777 : mode & 0o666);
}
