import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';

export interface SocketFolderOptions {
  /** What the folder's name is made from: the same data root gets the same folder. */
  readonly key: string;
  /** $XDG_RUNTIME_DIR, which systemd makes for every user. */
  readonly runtimeDirectory: string | undefined;
  /** Where there is none: a directory that every user may write to. */
  readonly temporaryDirectory: string;
  readonly uid: number;
}

/** A longer one is cut off by the kernel without a word (unix(7), sun_path has 108 bytes). */
export const maxSocketPathBytes = 100;

/**
 * Makes a folder of ours alone (0700) for the socket and returns the socket's path. Another user's folder of the same name is
 * passed over. Throws `io` where no path is short enough.
 */
export async function makeSocketPath(options: SocketFolderOptions): Promise<string> {
  const name = `holdfast-${createHash('sha256').update(options.key).digest('hex').slice(0, 12)}`;
  const candidates = [
    options.runtimeDirectory === undefined ? undefined : join(options.runtimeDirectory, name),
    join(options.temporaryDirectory, `${name}-${options.uid}`),
    join('/tmp', `${name}-${options.uid}`),
  ];
  for (const folder of candidates) {
    if (folder === undefined || !isAbsolute(folder) || isTooLong(socketIn(folder))) continue;
    if (await tryPrivateFolder(folder, options.uid)) return socketIn(folder);
  }
  const own = socketIn(await mkdtemp('/tmp/holdfast-'));
  if (!isTooLong(own)) return own;
  throw new HoldfastError('io', {
    message: `There is no folder for the daemon's socket whose path is shorter than ${maxSocketPathBytes} bytes.`,
    remedy: 'Set XDG_RUNTIME_DIR to a short folder of this user, as /run/user/UID.',
  });
}

const socketIn = (folder: string) => join(folder, 'daemon.sock');

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxSocketPathBytes;
}

async function tryPrivateFolder(path: string, uid: number): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  const info = await lstat(path);
  if (!info.isDirectory() || info.uid !== uid) return false;
  if ((info.mode & 0o077) !== 0) await chmod(path, 0o700);
  return true;
}
