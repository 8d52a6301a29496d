import { connect } from 'node:net';

const maxBytes = 16 * 2 ** 20;

/**
 * The body of one GET over a Unix socket, parsed as JSON; undefined for any other answer than a whole 200. HTTP/1.0 by
 * hand, which any server of HTTP/1.1 answers without chunks and then closes: node:http takes a quarter of the time of a
 * `status`. For everything else there is call-socket.ts.
 */
export function getOnce(socketPath: string, path: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const socket = connect(socketPath);
    const end = (value: unknown): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(value);
    };
    const deadline = setTimeout(() => end(undefined), timeoutMs);
    socket.on('error', () => end(undefined));
    socket.on('data', (part) => {
      parts.push(part);
      size += part.length;
      if (size > maxBytes) end(undefined);
    });
    socket.on('end', () => end(parseAnswer(Buffer.concat(parts).toString('utf8'))));
    // Not ended: a server may take that for a client that has left.
    socket.write(`GET ${path} HTTP/1.0\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  });
}

function parseAnswer(text: string): unknown {
  const bodyAt = text.indexOf('\r\n\r\n');
  if (bodyAt === -1 || !/^HTTP\/1\.[01] 200 /.test(text)) return undefined;
  try {
    return JSON.parse(text.slice(bodyAt + 4));
  } catch {
    return undefined;
  }
}
