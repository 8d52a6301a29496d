import { dirname } from 'node:path';
import { HoldfastError, type HoldfastErrorOptions } from '../errors/holdfast-error.ts';
import type { ErrorCode } from '../errors/codes.ts';

/**
 * Says a file system's error in our words: no space, not writable, or `io` for the rest. A HoldfastError and what is no
 * error of a file system come back as they are, so that nothing is wrapped twice.
 */
export function fromFsError(error: unknown, path: string, doing: 'read' | 'write'): unknown {
  const code = findErrno(error);
  if (code === undefined) return error;
  const [name, options] = translate(code, path, doing);
  return new HoldfastError(name, { ...options, details: { path, errno: code }, cause: error });
}

/** Runs `action` and says its file system errors in our words. */
export async function withFsErrors<T>(path: string, doing: 'read' | 'write', action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fromFsError(error, path, doing);
  }
}

/** The error number's name of a system call that failed, as `ENOENT`; undefined for any other error. */
export function findErrno(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof HoldfastError) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

function translate(
  errno: string,
  path: string,
  doing: 'read' | 'write',
): readonly [ErrorCode, Pick<HoldfastErrorOptions, 'message' | 'remedy'>] {
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    const message = `There is no space left to write ${path} (${errno}). What was there before is unchanged.`;
    return ['disk-full', { message, remedy: 'Make room on that file system, then run the same command again.' }];
  }
  if (doing === 'write' && (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS')) {
    const message = `${path} cannot be written (${errno}). What was there before is unchanged.`;
    return ['data-root-not-writable', { message, remedy: notWritableRemedy(errno, path) }];
  }
  const message =
    doing === 'read'
      ? `${path} could not be read (${errno}). It was left as it is.`
      : `${path} could not be written (${errno}). What was there before is unchanged.`;
  return ['io', { message, remedy: ioRemedy(errno, path) }];
}

function ioRemedy(errno: string, path: string): string {
  if (errno === 'EACCES' || errno === 'EPERM') return `Run as the user who owns ${dirname(path)}.`;
  if (errno === 'ENOTDIR') return `Name another place: something on the way to ${path} is not a directory.`;
  return `Look at ${path} and its file system, then run the same command again.`;
}

function notWritableRemedy(errno: string, path: string): string {
  if (errno === 'EROFS') return 'Mount that file system read-write, or name another data root with --data DIR.';
  return `Run as the user who owns ${dirname(path)}, or name another data root with --data DIR.`;
}
