import { readFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import { readHostIdentity } from './host-identity.ts';
import { parseProcStat, type ProcStat } from './proc-stat.ts';
import type { ListeningProcess, ProcessReader } from './processes.ts';
import { listFileKeys, writesAny } from './open-files.ts';
import { holdsSocket, listListeningInodes } from './tcp-listeners.ts';

export interface LinuxProcessReader extends ProcessReader {
  /** Also for a zombie; undefined where there is no such process. */
  stat(pid: number): Promise<ProcStat | undefined>;
  /** As `stat`, without giving the event loop a chance to reap a child that has just died. */
  statNow(pid: number): ProcStat | undefined;
  listProcesses(): Promise<readonly ProcStat[]>;
  toIdentity(stat: ProcStat): ProcessIdentity;
}

/** Reads processes from /proc. */
export function createLinuxProcessReader(procRoot: string, machineIdFile: string): LinuxProcessReader {
  const here = readHostIdentity({ procRoot, machineIdFile });
  const stat = (pid: number) => readStat(procRoot, pid);
  const statNow = (pid: number) => readStatNow(procRoot, pid);
  const toIdentity = (found: ProcStat): ProcessIdentity => ({ ...here, pid: found.pid, startTicks: found.startTicks });
  const own = statNow(process.pid);
  const self = { ...here, pid: process.pid, startTicks: own?.startTicks ?? 0 };
  const listProcesses = () => listAll(procRoot);

  const identify = async (pid: number) => {
    const found = await stat(pid);
    return found === undefined || found.isDead ? undefined : toIdentity(found);
  };

  const isAlive = async (identity: ProcessIdentity) => {
    if (identity.host !== here.host) throw otherHost(identity);
    if (identity.bootId !== here.bootId) return false;
    const found = await stat(identity.pid);
    return found !== undefined && !found.isDead && found.startTicks === identity.startTicks;
  };

  const findByEnvironment = async (name: string, value: string) => {
    const wanted = `${name}=${value}`;
    const living = (await listProcesses()).filter((found) => !found.isDead);
    const holders = await Promise.all(
      living.map(async (found) => ((await readEnvironment(procRoot, found.pid)).includes(wanted) ? [found] : [])),
    );
    return holders.flat().map(toIdentity);
  };

  const isListening = async (identity: ProcessIdentity, port: number) => {
    const inodes = await listListeningInodes(procRoot, port);
    if (inodes.size === 0) return false;
    if (await holdsSocket(procRoot, identity.pid, inodes)) return true;
    for (const found of await listProcesses()) {
      // A program that is started through a script runs in the session that we made for the script.
      if (found.session !== identity.pid || found.pid === identity.pid) continue;
      if (await holdsSocket(procRoot, found.pid, inodes)) return true;
    }
    return false;
  };

  const findListener = async (port: number) => {
    const inodes = await listListeningInodes(procRoot, port);
    return inodes.size === 0 ? undefined : nameListener(procRoot, inodes);
  };

  const findWriterBelow = async (directory: string) => {
    const files = await listFileKeys(directory);
    for (const found of await listProcesses()) {
      if (found.pid === process.pid || !(await writesAny(procRoot, found.pid, files))) continue;
      return { pid: found.pid, command: await readCommand(procRoot, found) };
    }
    return undefined;
  };

  return {
    self: () => self,
    identify,
    isAlive,
    findByEnvironment,
    findListener,
    findWriterBelow,
    isListening,
    stat,
    statNow,
    listProcesses,
    toIdentity,
  };
}

async function nameListener(procRoot: string, inodes: ReadonlySet<string>): Promise<ListeningProcess> {
  for (const found of await listAll(procRoot)) {
    if (!(await holdsSocket(procRoot, found.pid, inodes))) continue;
    return { pid: found.pid, command: await readCommand(procRoot, found) };
  }
  return { pid: null, command: null };
}

/** Only the program's name: arguments may hold secrets. The kernel cuts its own name for it at 15 characters. */
async function readCommand(procRoot: string, found: ProcStat): Promise<string> {
  const line = await readFile(join(procRoot, String(found.pid), 'cmdline'), 'utf8').catch(() => '');
  const program = basename(line.split('\0')[0] ?? '');
  return program.startsWith(found.command) ? program : found.command;
}

async function listAll(procRoot: string): Promise<readonly ProcStat[]> {
  const names = (await readdir(procRoot)).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(names.map((name) => readStat(procRoot, Number(name))));
  return stats.filter((found) => found !== undefined);
}

async function readStat(procRoot: string, pid: number): Promise<ProcStat | undefined> {
  try {
    return parseProcStat(await readFile(join(procRoot, String(pid), 'stat'), 'utf8'));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function readStatNow(procRoot: string, pid: number): ProcStat | undefined {
  try {
    return parseProcStat(readFileSync(join(procRoot, String(pid), 'stat'), 'utf8'));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function readEnvironment(procRoot: string, pid: number): Promise<readonly string[]> {
  // Other users' environments cannot be read, and a process may end while we look.
  const text = await readFile(join(procRoot, String(pid), 'environ'), 'latin1').catch(() => '');
  return text.split('\0');
}

/** ESRCH comes from a read of a file in /proc whose process has ended since it was opened. */
function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH';
}

function otherHost(identity: ProcessIdentity): HoldfastError {
  return new HoldfastError('locked', {
    message: `Process ${identity.pid} belongs to another host (${identity.host}): whether it lives cannot be seen from here.`,
    remedy: 'Look on that host, and stop what runs there first.',
    details: { identity },
  });
}
