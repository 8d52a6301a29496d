import { createServer, type RequestListener, type Server } from 'node:http';
import { chmod, lstat, rm } from 'node:fs/promises';
import { getRequestListener } from '@hono/node-server';
import type { DaemonClient } from '../contract/daemon-api.ts';
import { createDaemonApi, type ReadStatus } from './create-daemon-api.ts';
import { makeSocketPath, type SocketFolderOptions } from './socket-folder.ts';

export interface DaemonServer {
  readonly socket: string;
  /** Listens anew where the socket's path has been taken away; true where that was needed. */
  repair(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Serves the daemon's API on a Unix socket (0600, in a folder of ours alone). Whoever holds the data root's daemon lock may
 * take the path: a socket left there by a dead daemon is removed.
 */
export async function serveDaemonApi(
  face: { readonly daemon: DaemonClient; readonly readStatus: ReadStatus },
  options: SocketFolderOptions,
): Promise<DaemonServer> {
  const answer = getRequestListener(createDaemonApi(face.daemon, face.readStatus).fetch);
  const listener: RequestListener = (incoming, outgoing) => void answer(incoming, outgoing);
  let socket = await makeSocketPath(options);
  let server = await listen(listener, socket);
  let inode = await inodeOf(socket);
  return {
    get socket() {
      return socket;
    },
    async repair() {
      if (inode !== undefined && (await inodeOf(socket)) === inode) return false;
      await close(server);
      socket = await makeSocketPath(options);
      server = await listen(listener, socket);
      inode = await inodeOf(socket);
      return true;
    },
    async close() {
      await close(server);
      if ((await inodeOf(socket)) === inode) await rm(socket, { force: true });
    },
  };
}

async function listen(listener: RequestListener, socket: string): Promise<Server> {
  await rm(socket, { force: true });
  const server = createServer(listener);
  server.listen(socket);
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  // Until here its folder alone, which is 0700, has kept others out.
  await chmod(socket, 0o600);
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeIdleConnections();
  // A long answer that is still awaited (a component that stops) must not keep the daemon alive.
  const impatience = setTimeout(() => server.closeAllConnections(), 2_000);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(impatience);
}

async function inodeOf(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (info) => info.ino,
    () => undefined,
  );
}
