import { request } from 'node:http';
import { anySignal } from '../../model/any-signal.ts';

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
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = anySignal([call.signal, deadline]);
  const late = `no answer within ${call.timeoutMs / 1000} s`;
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = {
    socketPath: call.socket,
    method: call.method,
    path: call.path,
    headers,
    agent: false as const,
    // Without one, Node looks whether `localhost` is an address, for which it compiles an expression for 7 ms.
    servername: '',
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
    sent.on('error', (error) => reject(deadline.aborted ? new Error(late, { cause: error }) : error));
    sent.end(body);
  });
}
