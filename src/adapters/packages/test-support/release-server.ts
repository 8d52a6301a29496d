import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { writePrograms } from './fake-programs.ts';

export interface ReleaseServer {
  readonly url: string;
  readonly port: number;
  /** Path to what is answered; anything else is a 404. */
  readonly routes: Map<string, Buffer | string | RequestListener>;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A release site on this machine, over HTTPS where a key is given. */
export async function startReleaseServer(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<ReleaseServer> {
  const routes = new Map<string, Buffer | string | RequestListener>();
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = routes.get(path);
    if (typeof answer === 'function') answer(request, response);
    else if (answer === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': Buffer.byteLength(answer) }).end(answer);
  };
  const server: Server = tls === undefined ? createServer(listener) : createHttpsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, port, routes, asked, close };
}

/** A .tar.gz of files below one top directory, packed by tar itself. */
export async function packArchive(top: string, files: Readonly<Record<string, string>>): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-pack-'));
  try {
    await writePrograms(join(directory, top), files);
    // The same content is the same archive, whenever it is packed.
    const options = { gzip: true, cwd: directory, portable: true, mtime: new Date(0) };
    await create({ ...options, file: join(directory, 'archive.tar.gz') }, [top]);
    return await readFile(join(directory, 'archive.tar.gz'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

export interface Publication {
  readonly package: string;
  readonly version: string;
  readonly archive: Buffer;
  /** The base's layout by default, or that of the release sites. */
  readonly directory?: string;
  readonly sums?: string;
}

/** Puts an archive and its checksum file where docs/format/program-source.md says, for both architectures. */
export function publish(server: ReleaseServer, publication: Publication): void {
  const { package: name, version, archive } = publication;
  const directory = publication.directory ?? `/${name}/v${version}/`;
  const files = ['amd64', 'arm64'].map((architecture) => `${name}-${version}.linux-${architecture}.tar.gz`);
  const sum = createHash('sha256').update(archive).digest('hex');
  for (const file of files) server.routes.set(directory + file, archive);
  server.routes.set(
    `${directory}sha256sums.txt`,
    publication.sums ?? files.map((file) => `${sum}  ${file}\n`).join(''),
  );
}
