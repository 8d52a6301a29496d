import { readdir, readFile, readlink } from 'node:fs/promises';

export interface FoundProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/**
 * Living processes that name `text` in their arguments, environment or working directory. `text` is a path that only
 * one test knows, so nothing of anybody else is ever found.
 */
export async function findProcessesNaming(text: string): Promise<readonly FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => findNaming(pid, text)));
  return found.filter((one) => one !== undefined);
}

async function findNaming(pid: number, text: string): Promise<FoundProcess | undefined> {
  if (pid === process.pid) return undefined;
  const [commandLine, environment, cwd] = await Promise.all([
    readCommandLine(pid),
    readEnvironment(pid),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
  ]);
  if (![commandLine, environment, cwd].some((place) => place.includes(text))) return undefined;
  return (await isAlive(pid)) ? { pid, commandLine } : undefined;
}

/** Arguments, separated by blanks; empty for a process that is gone or a zombie. */
export async function readCommandLine(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
}

/** Lines NAME=VALUE; empty for another user's process. */
export async function readEnvironment(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).replaceAll('\0', '\n');
}

/** False for one that is gone and for a zombie, which kill(pid, 0) takes for living. */
export async function isAlive(pid: number): Promise<boolean> {
  const state = await readState(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** The letter of proc(5), as `T` for a stopped process. */
export async function readState(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command's name stands in parentheses and may hold any of these characters.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0] || undefined;
}

export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
}

/** TCP sockets, IPv4 and IPv6, on which these processes listen. */
export async function listListeners(pids: readonly number[]): Promise<readonly ListeningSocket[]> {
  const inodes = new Set((await Promise.all(pids.map(listSocketInodes))).flat());
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8')));
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
      .map((fields) => parseEndpoint(fields[1] ?? '')),
  );
}

async function listSocketInodes(pid: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map(async (name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** `0100007F:1F90` is 127.0.0.1:8080: bytes in the host's order; IPv6 is left as hex. */
function parseEndpoint(text: string): ListeningSocket {
  const [hex = '', port = ''] = text.split(':');
  const bytes = [...hex.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16));
  const address = bytes.length === 4 ? bytes.reverse().join('.') : hex;
  return { address, port: Number.parseInt(port, 16) };
}
