import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { SpawnOptions } from './processes.ts';

/**
 * Starts a program in a session of its own with its output appended to a file: a pipe would end it with SIGPIPE once its
 * reader had died. `onSpawned` is called before the event loop can reap the child, however short it lives.
 */
export async function spawnDetached<T>(options: SpawnOptions, onSpawned: (child: ChildProcess) => T): Promise<T> {
  const log = await openLog(options.logFile);
  try {
    return await launch(options, log.fd, onSpawned);
  } finally {
    await log.close();
  }
}

async function openLog(path: string) {
  try {
    return await open(path, constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw new HoldfastError('io', {
      message: `The log file ${path} cannot be opened: ${messageOf(error)}.`,
      remedy: `Make ${path} writable for this user.`,
      cause: error,
    });
  }
}

function launch<T>(options: SpawnOptions, fd: number, onSpawned: (child: ChildProcess) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.path, [...options.arguments], {
      cwd: options.workingDirectory,
      env: { ...options.environment },
      detached: true,
      stdio: ['ignore', fd, fd],
    });
    child.once('error', (error) => reject(cannotExecute(options, error)));
    if (child.pid === undefined) return;
    const result = onSpawned(child);
    child.unref();
    child.once('spawn', () => resolve(result));
  });
}

/** Node says ENOENT for a missing working directory as for a missing program. */
function cannotExecute(options: SpawnOptions, error: unknown): HoldfastError {
  return new HoldfastError('io', {
    message: `${options.path} cannot be executed in ${options.workingDirectory}: ${messageOf(error)}.`,
    remedy: `Check that ${options.path} exists and is executable for this user (ls -l), and that its file system is not mounted noexec.`,
    details: { path: options.path, code: (error as NodeJS.ErrnoException).code ?? null },
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
