import { request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpGetOptions {
  readonly user: string;
  readonly password: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * One GET with basic authentication, over node:http: fetch would load undici into a small daemon. Rejects with what the
 * socket says, when the deadline passes, and where the answer is longer than allowed.
 */
export function httpGet(url: string, options: HttpGetOptions): Promise<HttpAnswer> {
  const credentials = Buffer.from(`${options.user}:${options.password}`).toString('base64');
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Basic ${credentials}` };
    const sent = request(url, { headers, agent: false, signal }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
        if (body.length > options.maxBytes)
          sent.destroy(new Error(`its answer is longer than ${options.maxBytes} bytes`));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    sent.on('error', (error) => reject(isDeadline(signal) ? new Error(`no answer in ${options.timeoutMs} ms`) : error));
    sent.end();
  });
}

function isDeadline(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason as Error | undefined)?.name === 'TimeoutError';
}

/** Where a program that listens on every address is asked. */
export function reachableAddress(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
