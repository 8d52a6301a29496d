import { constants, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';

const descriptor = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/(?:self|\d+)\/fd\/\d+)$/;

/** True for a pipe that the shell has opened for us, as for `<(command)`. A pipe with a name of its own is none. */
export async function isOpenedPipe(path: string): Promise<boolean> {
  return descriptor.test(path) && (await stat(path).catch(() => undefined))?.isFIFO() === true;
}

/** All that comes through an opened pipe until its writers have closed it; undefined where that is more than `maxBytes`. */
export async function readPipe(
  path: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  // Whoever never closes it must not keep us from ending, so it is read as it comes.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = new Socket({ fd, readable: true, writable: false, signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of pipe as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
