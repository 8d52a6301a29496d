import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Inodes of the sockets that listen on a TCP port of this network namespace, on any address. */
export async function listListeningInodes(procRoot: string, port: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(['net/tcp', 'net/tcp6'].map((name) => readTable(join(procRoot, name))));
  return new Set(tables.flatMap((table) => parseTcpTable(table, port)));
}

/** proc_net_tcp: `sl local_address rem_address st ... uid timeout inode`; 0A is TCP_LISTEN, the port is hexadecimal. */
export function parseTcpTable(text: string, port: number): readonly string[] {
  const inodes: string[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state !== '0A' || local === undefined || inode === undefined) continue;
    if (Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port) inodes.push(inode);
  }
  return inodes;
}

/** True where a file descriptor of the process is one of these sockets; false where its descriptors may not be read. */
export async function holdsSocket(procRoot: string, pid: number, inodes: ReadonlySet<string>): Promise<boolean> {
  const directory = join(procRoot, String(pid), 'fd');
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const target = await readlink(join(directory, name)).catch(() => '');
    if (target.startsWith('socket:[') && inodes.has(target.slice('socket:['.length, -1))) return true;
  }
  return false;
}

/** tcp6 is absent where IPv6 is switched off. */
async function readTable(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
