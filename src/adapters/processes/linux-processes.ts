import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { anySignal } from '../../model/any-signal.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import { createLinuxProcessReader, type LinuxProcessReader } from './linux-process-reader.ts';
import type { ProcessExit, Processes, SpawnOptions, StopOptions } from './processes.ts';
import { spawnDetached } from './spawn-detached.ts';

export interface LinuxProcessesOptions {
  readonly procRoot?: string;
  readonly machineIdFile?: string;
  /** How often a process that is not our child is looked at while we wait for its end. */
  readonly pollMs?: number;
}

/** A process in uninterruptible sleep (a dead NFS server) does not even end on SIGKILL. */
const killDeadlineMs = 30_000;

/** Starts, watches and ends processes on Linux, told apart by host, boot, pid and start time. */
export function createProcesses(options: LinuxProcessesOptions = {}): Processes {
  const { procRoot = '/proc', machineIdFile = '/etc/machine-id', pollMs = 100 } = options;
  const reader = createLinuxProcessReader(procRoot, machineIdFile);
  const children = createChildren();

  const waitForEnd = async (identity: ProcessIdentity, signal: AbortSignal) => {
    const ended = children.find(identity)?.ended;
    if (ended !== undefined) return untilAborted(ended, signal);
    while (await reader.isAlive(identity)) await sleep(pollMs, undefined, { signal });
  };

  const spawn = async (spawnOptions: SpawnOptions) =>
    spawnDetached(spawnOptions, (child) => {
      const stat = reader.statNow(child.pid ?? 0);
      if (stat === undefined) throw new Error(`Process ${child.pid} has no entry in ${procRoot}.`);
      const identity = reader.toIdentity(stat);
      const ended = new Promise<ProcessExit>((resolve) => {
        child.once('exit', (code, signal) => resolve({ code, signal }));
      });
      children.add(identity, ended);
      return identity;
    });

  const endOf = async (identity: ProcessIdentity, durationMs: number, signal?: AbortSignal) => {
    const deadline = AbortSignal.timeout(durationMs);
    const both = signal === undefined ? deadline : anySignal([deadline, signal]);
    try {
      await waitForEnd(identity, both);
      await waitForSession(reader, identity, both, pollMs);
      return true;
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (deadline.aborted) return false;
      throw error;
    }
  };

  const kill = async (identity: ProcessIdentity) => {
    if (await reader.isAlive(identity)) await send(reader, identity, 'SIGKILL');
    else await sendToGroup(reader, identity, 'SIGKILL');
    if (!(await endOf(identity, killDeadlineMs))) throw doesNotDie(identity);
  };

  const stop = async (identity: ProcessIdentity, { graceMs, signal }: StopOptions) => {
    if (!(await reader.isAlive(identity))) return 'gone' as const;
    await send(reader, identity, 'SIGTERM');
    if (await endOf(identity, graceMs, signal)) return 'terminated' as const;
    await kill(identity);
    return 'killed' as const;
  };

  return { ...reader, spawn, stop, kill, waitForEnd, findExit: (identity) => children.find(identity)?.exit };
}

interface Child {
  readonly ended: Promise<ProcessExit>;
  exit: ProcessExit | undefined;
}

/** Remembers how our children ended, the latest hundred of them. */
function createChildren() {
  const children = new Map<string, Child>();
  const key = (identity: ProcessIdentity) => `${identity.bootId} ${identity.pid} ${identity.startTicks}`;
  return {
    find: (identity: ProcessIdentity) => children.get(key(identity)),
    add: (identity: ProcessIdentity, ended: Promise<ProcessExit>) => {
      const child: Child = { ended, exit: undefined };
      children.set(key(identity), child);
      void ended.then((exit) => {
        child.exit = exit;
        forgetOldest(children);
      });
    },
  };
}

function forgetOldest(children: Map<string, Child>): void {
  for (const [key, child] of children) {
    if (children.size <= 100) return;
    if (child.exit !== undefined) children.delete(key);
  }
}

/** To its whole group where it leads one, so that a script does not leave behind what it has started. */
async function send(reader: LinuxProcessReader, identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> {
  const stat = await reader.stat(identity.pid);
  if (stat === undefined || stat.startTicks !== identity.startTicks) return;
  signalIfThere(stat.processGroup === identity.pid ? -identity.pid : identity.pid, name);
}

async function sendToGroup(reader: LinuxProcessReader, identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> {
  if (await hasSession(reader, identity)) signalIfThere(-identity.pid, name);
}

function signalIfThere(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function waitForSession(
  reader: LinuxProcessReader,
  identity: ProcessIdentity,
  signal: AbortSignal,
  pollMs: number,
): Promise<void> {
  while (await hasSession(reader, identity)) await sleep(pollMs, undefined, { signal });
}

/** True where something lives on in the group that the process has led: the kernel does not reuse its number then. */
async function hasSession(reader: LinuxProcessReader, identity: ProcessIdentity): Promise<boolean> {
  const leader = await reader.stat(identity.pid);
  if (leader !== undefined && leader.startTicks !== identity.startTicks) return false;
  const all = await reader.listProcesses();
  return all.some((found) => !found.isDead && found.pid !== identity.pid && found.processGroup === identity.pid);
}

/** A child does not keep our event loop alive, nor does a deadline: while somebody waits for its end, a timer does. */
async function untilAborted(ended: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  try {
    await endedOrAborted(ended, signal);
  } finally {
    clearInterval(alive);
  }
}

function endedOrAborted(ended: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    void ended.then(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}

function doesNotDie(identity: ProcessIdentity): HoldfastError {
  return new HoldfastError('io', {
    message: `Process ${identity.pid} has not ended ${killDeadlineMs / 1000} s after SIGKILL: it hangs inside the kernel, most often on a file server that does not answer. Nothing else was touched.`,
    remedy: `Look at what it waits for with: cat /proc/${identity.pid}/stack; then bring that file server back.`,
    details: { identity },
  });
}
