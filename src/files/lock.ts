import { randomBytes } from 'node:crypto';
import { link, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { syncDirectory, writeNewFile } from './atomic-file.ts';
import { halfMadeName, halfMadeSuffix } from './half-made.ts';
import { findErrno, withFsErrors } from './fs-errors.ts';
import { findTextFile } from './read-json-file.ts';

/** Who holds a lock, and for what. */
export interface LockHolder extends ProcessIdentity {
  readonly verb: string;
  readonly run: string;
}

export interface TakeLockOptions {
  /** Ourselves; its host is the one that other holders are compared with. */
  readonly holder: LockHolder;
  /** Only asked about processes of our own host. False for one that is gone, a zombie, or a pid that was reused. */
  readonly isAlive: (identity: ProcessIdentity) => Promise<boolean>;
  /** --unsafe-break-lock: also takes a lock of another host and one that cannot be read; never that of a living process here. */
  readonly breakForeign?: boolean;
}

export interface Lock {
  /** Gives the lock back; does nothing where somebody was told to break it meanwhile. */
  release(): Promise<void>;
}

/** What a lock file says, or that it says nothing that can be understood. */
export type LockState =
  | { readonly state: 'free' }
  | { readonly state: 'held'; readonly holder: LockHolder; readonly text: string }
  | { readonly state: 'unreadable'; readonly text: string };

/**
 * Takes the lock at `path`, or throws `locked` naming the holder. It follows the holder's process and not its age: a
 * paused holder keeps it, a dead one does not delay us. The content is whole before the file appears (link(2)), so a torn
 * one is not ours and is refused. Also throws `disk-full` and `data-root-not-writable` (docs/format/data-root.md).
 */
export async function takeLock(path: string, options: TakeLockOptions): Promise<Lock> {
  const token = randomBytes(8).toString('hex');
  const text = `${JSON.stringify({ format: 1, ...onlyHolder(options.holder), token })}\n`;
  await withFsErrors(path, 'write', () => acquire(path, text, options));
  await withFsErrors(path, 'write', () => removeLeftovers(path));
  return { release: () => withFsErrors(path, 'write', () => release(path, text)) };
}

/** Who holds the lock at `path`, whether or not that process lives. */
export async function readLock(path: string): Promise<LockState> {
  const text = await findLockText(path);
  if (text === undefined) return { state: 'free' };
  const parsed = lockSchema.safeParse(parseJson(text));
  return parsed.success ? { state: 'held', holder: onlyHolder(parsed.data), text } : { state: 'unreadable', text };
}

async function acquire(path: string, text: string, options: TakeLockOptions): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await createWhole(path, text)) return;
    const found = await readLock(path);
    if (found.state === 'free') continue;
    // An NFS server may have made the link although its answer was lost.
    if (found.text === text) return;
    await refuseUnlessStale(path, found, options);
    if (await replaceStale(path, found.text, { text, options })) return;
  }
  throw new HoldfastError('locked', {
    message: `${path} changes hands faster than it can be taken. Nothing was changed.`,
    remedy: 'Run the same command again.',
    details: { path },
  });
}

/** Makes the file with its whole content at once, or returns false where there is one. */
async function createWhole(path: string, text: string): Promise<boolean> {
  const half = halfMadeName(path);
  try {
    await writeNewFile(half, text, 0o600);
    await link(half, path);
  } catch (error) {
    const errno = findErrno(error);
    if (errno === 'EEXIST') return false;
    if (errno === 'EPERM' || errno === 'ENOTSUP' || errno === 'ENOSYS') return await createWithoutLink(path, text);
    throw error;
  } finally {
    await rm(half, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}

/** For file systems without hard links (FAT, some FUSE): O_EXCL still decides who is first. */
async function createWithoutLink(path: string, text: string): Promise<boolean> {
  try {
    await writeNewFile(path, text, 0o600);
    return true;
  } catch (error) {
    if (findErrno(error) === 'EEXIST') return false;
    await rm(path, { force: true });
    throw error;
  }
}

async function refuseUnlessStale(path: string, found: LockState, options: TakeLockOptions): Promise<void> {
  if (found.state === 'free') return;
  if (found.state === 'unreadable') {
    if (options.breakForeign !== true) throw unreadable(path);
    return;
  }
  const { holder } = found;
  if (holder.host !== options.holder.host) {
    if (options.breakForeign !== true) throw heldElsewhere(path, holder);
    return;
  }
  if (await options.isAlive(holder)) throw heldHere(path, holder);
}

/**
 * Puts our content in the place of a stale one. Moving the file aside would not do: a taker that was slow could move away
 * the lock that a quicker one has just made. So whoever replaces the content C first holds the lock named after C, and
 * looks again: while it holds that one, nobody else can change C. It is a lock like any other, so a taker that dies
 * between leaves nothing that blocks.
 */
async function replaceStale(
  path: string,
  stale: string,
  own: { readonly text: string; readonly options: TakeLockOptions },
): Promise<boolean> {
  const guard = guardName(path, stale);
  const token = randomBytes(8).toString('hex');
  const guardText = `${JSON.stringify({ format: 1, ...onlyHolder(own.options.holder), token })}\n`;
  await acquire(guard, guardText, own.options);
  try {
    if ((await findLockText(path)) !== stale) return false;
    const half = halfMadeName(path);
    await writeNewFile(half, own.text, 0o600);
    await rename(half, path);
    await syncDirectory(dirname(path));
    return true;
  } finally {
    await release(guard, guardText);
  }
}

const guardMark = '.takeover-';

/** Tokens make every lock's content its own, so that a guard that was left behind can never matter again. */
function guardName(path: string, stale: string): string {
  const token = lockSchema.safeParse(parseJson(stale));
  const name = token.success ? token.data.token : Buffer.from(stale).toString('hex').slice(0, 16);
  const base = basename(path).split(guardMark)[0] ?? '';
  return join(dirname(path), `${base}${guardMark}${name}`);
}

async function release(path: string, text: string): Promise<void> {
  if ((await findLockText(path)) !== text) return;
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}

/** What killed takers left: harmless, since whoever holds a guard looks at the lock again, and now it is ours. */
async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(dirname(path));
  const own = basename(path);
  const leftovers = names.filter((name) => name.startsWith(`${own}${guardMark}`) && !name.endsWith(halfMadeSuffix));
  await Promise.all(leftovers.map((name) => rm(join(dirname(path), name), { force: true })));
}

const lockSchema = z.object({
  format: z.literal(1),
  host: z.string().check(z.minLength(1)),
  bootId: z.string().check(z.minLength(1)),
  pid: z.int().check(z.positive()),
  startTicks: z.int().check(z.nonnegative()),
  verb: z.string(),
  run: z.string(),
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
});

function onlyHolder({ host, bootId, pid, startTicks, verb, run }: LockHolder): LockHolder {
  return { host, bootId, pid, startTicks, verb, run };
}

async function findLockText(path: string): Promise<string | undefined> {
  return findTextFile(path, 65_536);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe({ verb, run, pid, host }: LockHolder): string {
  const doing = run === '' ? verb : `${verb} (run ${run})`;
  return `${doing}, process ${pid} on host ${host}`;
}

function heldHere(path: string, holder: LockHolder): HoldfastError {
  return new HoldfastError('locked', {
    message: `${path} is held by ${describe(holder)}, which is alive. Nothing was changed.`,
    remedy: `Wait until it has ended; if it hangs, end it with: kill ${holder.pid}`,
    details: { path, holder },
  });
}

function heldElsewhere(path: string, holder: LockHolder): HoldfastError {
  return new HoldfastError('locked', {
    message: `${path} is held by ${describe(holder)}: whether that process lives cannot be seen from here. Nothing was changed.`,
    remedy: 'Look on that host; once nothing of it runs there any more, give --unsafe-break-lock.',
    details: { path, holder },
  });
}

function unreadable(path: string): HoldfastError {
  return new HoldfastError('locked', {
    message: `${path} is there, but does not say who holds it. Nothing was changed.`,
    remedy: 'Make sure that no other holdfast command runs on this data root, then give --unsafe-break-lock.',
    details: { path },
  });
}
