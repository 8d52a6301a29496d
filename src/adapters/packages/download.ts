import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { anySignal } from '../../model/any-signal.ts';
import { openUrl, type OpenUrlOptions } from './open-url.ts';
import { SourceFailure } from './source-failure.ts';

export interface DownloadOptions extends OpenUrlOptions {
  /** A new file; it must not exist yet. */
  readonly into: string;
  readonly onProgress: (receivedBytes: number, totalBytes: number) => void;
}

export interface Downloaded {
  readonly sizeBytes: number;
  /** Lower-case hex SHA-256 of what was received. */
  readonly sha256: string;
  readonly host: string;
}

/**
 * Downloads a file and has it on disk before this returns. An answer that ends early, is too long, or falls silent is a
 * SourceFailure; what is in the file then is the caller's to remove.
 */
export async function download(url: URL, options: DownloadOptions): Promise<Downloaded> {
  const deadline = AbortSignal.timeout(options.limits.totalMs);
  const signal = anySignal([deadline, options.signal]);
  try {
    const { response, host } = await openUrl(url, { ...options, signal });
    return { ...(await receive(response, host, options)), host };
  } catch (error) {
    if (options.signal.aborted || error instanceof SourceFailure || !deadline.aborted) throw error;
    throw new SourceFailure(url.host, `did not send ${url.pathname} within ${options.limits.totalMs / 1000} s`, error);
  }
}

/** As `download`, for a short text that is kept in memory. */
export async function downloadText(url: URL, options: OpenUrlOptions, maxBytes: number): Promise<string> {
  const signal = anySignal([AbortSignal.timeout(options.limits.answerMs * 2), options.signal]);
  const pieces: Buffer[] = [];
  const { response, host } = await openUrl(url, { ...options, signal });
  await eachPiece(response, { host, maxBytes, idleMs: options.limits.idleMs }, (piece) => {
    pieces.push(piece);
    return Promise.resolve();
  });
  return Buffer.concat(pieces).toString('utf8');
}

async function receive(
  response: IncomingMessage,
  host: string,
  options: DownloadOptions,
): Promise<Pick<Downloaded, 'sizeBytes' | 'sha256'>> {
  const totalBytes = lengthOf(response);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(options.into, 'wx', 0o600);
  try {
    const bounds = { host, maxBytes: options.limits.maxArchiveBytes, idleMs: options.limits.idleMs };
    await eachPiece(response, bounds, async (piece) => {
      hash.update(piece);
      // A write may be short where a quota or a full disk cuts it.
      await file.writeFile(piece);
      sizeBytes += piece.length;
      options.onProgress(sizeBytes, totalBytes);
    });
    await file.sync();
  } finally {
    response.destroy();
    await file.close();
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

interface Bounds {
  readonly host: string;
  readonly maxBytes: number;
  readonly idleMs: number;
}

async function eachPiece(
  response: IncomingMessage,
  { host, maxBytes, idleMs }: Bounds,
  take: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const announced = lengthOf(response);
  let received = 0;
  if (announced > maxBytes) {
    response.destroy();
    throw new SourceFailure(host, `announces ${announced} bytes, more than the ${maxBytes} that are taken`);
  }
  response.setTimeout(idleMs, () => response.destroy(new SourceFailure(host, `fell silent for ${idleMs / 1000} s`)));
  try {
    for await (const data of response) {
      const piece = data as Buffer;
      received += piece.length;
      if (received > maxBytes) throw new SourceFailure(host, `sends more than the ${maxBytes} bytes that are taken`);
      await take(piece);
    }
  } catch (error) {
    if (isCutConnection(error)) throw cut(host, received, announced, error);
    throw error;
  } finally {
    response.destroy();
  }
  if (!response.complete || (announced > 0 && received !== announced)) throw cut(host, received, announced);
}

function cut(host: string, received: number, announced: number, cause?: unknown): SourceFailure {
  const of = announced > 0 ? ` of ${announced}` : '';
  return new SourceFailure(host, `ended the connection after ${received}${of} bytes`, cause);
}

function isCutConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT'].includes(
      (error as NodeJS.ErrnoException).code ?? '',
    )
  );
}

function lengthOf(response: IncomingMessage): number {
  const length = Number(response.headers['content-length'] ?? 0);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}
