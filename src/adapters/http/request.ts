import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { anySignal } from '../../model/any-signal.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Where a component answers, and how it is called in what people read. */
export interface Endpoint {
  readonly name: string;
  /** `http://127.0.0.1:30090`. */
  readonly address: string;
  readonly credentials: Credentials | null;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query, as `/api/v1/labels?start=1`. */
  readonly path: string;
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>;
  /** For the whole exchange; 10 s. */
  readonly timeoutMs?: number;
  /** A longer answer is an error; 64 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly text: string;
}

/**
 * One exchange with a component over plain HTTP, on node:http: the import of fetch alone costs more than a whole
 * command. Any status is a response; throws `component-api` where there is none, and `cancelled` on the signal.
 */
export async function request(endpoint: Endpoint, options: HttpRequest): Promise<HttpResponse> {
  const deadline = AbortSignal.timeout(options.timeoutMs ?? 10_000);
  const signal = options.signal === undefined ? deadline : anySignal([deadline, options.signal]);
  try {
    return await exchange(endpoint, options, signal);
  } catch (cause) {
    if (options.signal?.aborted === true) throw cancelled(endpoint, cause);
    throw noAnswer(endpoint, deadline.aborted ? 'no answer in time' : words(cause), cause);
  }
}

function exchange(endpoint: Endpoint, options: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  const body = options.form === undefined ? undefined : new URLSearchParams(options.form).toString();
  const requestOptions: RequestOptions = {
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: headersOf(endpoint, body),
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const url = new URL(options.path, endpoint.address);
    const call = httpRequest(url, requestOptions, (response) => {
      readText(response, options.maxBytes ?? 64 * 2 ** 20).then(
        (text) => {
          resolve({ status: response.statusCode ?? 0, text });
        },
        (error: unknown) => {
          call.destroy();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

function headersOf(endpoint: Endpoint, body: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (endpoint.credentials !== null) {
    const { user, password } = endpoint.credentials;
    headers['authorization'] = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }
  if (body !== undefined) {
    headers['content-type'] = 'application/x-www-form-urlencoded';
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  return headers;
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response) {
    const buffer = piece as Buffer;
    size += buffer.length;
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The error of a component that did not answer as it should; the message names it and its address, never a password. */
export function noAnswer(endpoint: Endpoint, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError('component-api', {
    message: `${endpoint.name} at ${endpoint.address}: ${reason}.`,
    remedy: `Look at its state and log: holdfast status ; holdfast logs ${endpoint.name}`,
    details: { component: endpoint.name, address: endpoint.address, reason },
    cause,
  });
}

function cancelled(endpoint: Endpoint, cause: unknown): HoldfastError {
  return new HoldfastError('cancelled', {
    message: `The question to ${endpoint.name} was stopped.`,
    remedy: 'Run the same command again to go on.',
    cause,
  });
}

function words(error: unknown): string {
  if (error instanceof Error) return error.message === '' && 'code' in error ? String(error.code) : error.message;
  return String(error);
}
