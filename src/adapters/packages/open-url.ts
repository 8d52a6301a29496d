import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { DownloadLimits } from './download-limits.ts';
import { SourceFailure } from './source-failure.ts';

export interface OpenUrlOptions {
  readonly limits: DownloadLimits;
  /** Only for a base that the user named: the official sites are asked over HTTPS alone. */
  readonly allowHttp: boolean;
  /** PEM of a further certificate authority to trust. */
  readonly certificateAuthority: string | undefined;
  readonly signal: AbortSignal;
}

export interface OpenAnswer {
  readonly response: IncomingMessage;
  /** Host that answered at last, after redirects. */
  readonly host: string;
}

const maxRedirects = 5;

/**
 * Asks for a file and returns the answer with status 200 and an open body. Throws SourceFailure, which names the host:
 * no connection in time, another status, too many redirects, or one that leaves HTTPS. Destroy the response when done.
 */
export async function openUrl(address: URL, options: OpenUrlOptions): Promise<OpenAnswer> {
  let url = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    refuseUnsafe(url, options);
    const response = await ask(url, options);
    const status = response.statusCode ?? 0;
    const next = response.headers.location;
    if ([301, 302, 303, 307, 308].includes(status) && next !== undefined) {
      response.destroy();
      url = redirect(url, next);
      continue;
    }
    if (status === 200 && isPlain(response)) return { response, host: url.host };
    response.destroy();
    throw judgeStatus(status, url);
  }
  throw new SourceFailure(address.host, `redirects more than ${maxRedirects} times`);
}

function judgeStatus(status: number, url: URL): SourceFailure {
  if (status === 404 || status === 410) return SourceFailure.absent(url.host, `has no ${url.pathname}`);
  const reason = status === 200 ? 'in an encoding that was not asked for' : `with status ${status}`;
  return new SourceFailure(url.host, `answers ${url.pathname} ${reason}`);
}

function refuseUnsafe(url: URL, { allowHttp }: OpenUrlOptions): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && allowHttp)) return;
  throw new SourceFailure(url.host, `would be asked over ${url.protocol.replace(':', '')}, and only HTTPS is taken`);
}

function redirect(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined) throw new SourceFailure(from.host, 'redirects to what is no address');
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new SourceFailure(from.host, `redirects away from HTTPS to ${to.host}`);
  }
  return to;
}

function isPlain(response: IncomingMessage): boolean {
  return (response.headers['content-encoding'] ?? 'identity') === 'identity';
}

function ask(url: URL, options: OpenUrlOptions): Promise<IncomingMessage> {
  const { limits, signal } = options;
  return new Promise((resolve, reject) => {
    const settings = requestOptions(options);
    const call = url.protocol === 'https:' ? httpsRequest(url, settings) : httpRequest(url, settings);
    let isConnected = false;
    const fail = (reason: string) => call.destroy(toFailure(url, isConnected, reason));
    let timer = setTimeout(() => fail(`no connection within ${limits.connectMs / 1000} s`), limits.connectMs);
    call.on('socket', (socket) => {
      socket.once('connect', () => {
        isConnected = true;
        clearTimeout(timer);
        timer = setTimeout(() => fail(`no answer within ${limits.answerMs / 1000} s`), limits.answerMs);
      });
    });
    call.once('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    call.on('error', (error) => {
      clearTimeout(timer);
      const isOurs = signal.aborted || error instanceof SourceFailure;
      reject(isOurs ? error : toFailure(url, isConnected, words(error), error));
    });
    call.end();
  });
}

function toFailure(url: URL, isConnected: boolean, reason: string, cause?: Error): SourceFailure {
  return isConnected ? new SourceFailure(url.host, reason, cause) : SourceFailure.unreachable(url.host, reason, cause);
}

interface Settings extends RequestOptions {
  readonly ca?: string;
  readonly autoSelectFamilyAttemptTimeout: number;
}

function requestOptions({ certificateAuthority, signal }: OpenUrlOptions): Settings {
  return {
    agent: false,
    signal,
    headers: { 'user-agent': 'holdfast', 'accept-encoding': 'identity' },
    // Node gives each address of a host only 250 ms by default, less than a distant one needs.
    autoSelectFamilyAttemptTimeout: 1000,
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
  };
}

function words(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its name cannot be looked up (${code})`;
  if (code === 'ECONNREFUSED') return 'refuses the connection (ECONNREFUSED)';
  return error.message === '' ? (code ?? 'cannot be reached') : error.message;
}
