import { request } from 'node:http';

export interface SocketCall {
  readonly socket: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface SocketAnswer {
  readonly status: number;
  readonly body: unknown;
}

const maxBytes = 16 * 2 ** 20;

/** One exchange of JSON over a Unix socket, on node:http. Rejects with the socket's own error, also past the deadline. */
export function callSocket(call: SocketCall): Promise<SocketAnswer> {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = {
    socketPath: call.socket,
    method: call.method,
    path: call.path,
    headers,
    agent: false as const,
    signal,
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        parts.push(part);
        size += part.length;
        if (size > maxBytes) sent.destroy(new Error(`its answer is longer than ${maxBytes} bytes`));
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString('utf8')) });
        } catch {
          reject(new Error('its answer is not JSON'));
        }
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
