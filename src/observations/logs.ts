import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { findErrno, fromFsError } from '../files/fs-errors.ts';

const chunkBytes = 64 * 1024;
/** A line without an end is cut here, so that memory stays bounded whatever a program writes. */
const maxLineLength = 256 * 1024;
const pollIntervalMs = 200;

export interface LogOptions {
  /** How many lines from the end. */
  readonly last: number;
  /** Goes on with what is written later, until the signal aborts. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Waits; rejects as soon as the signal aborts. */
  readonly wait: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * The last lines of a log, and with `follow` the later ones, also past a truncation: logs are rotated by copy and
 * truncate. Lines that were rotated into `.1` just now count too. Ends without a word where there is no log, or where the
 * signal aborts. Memory is bounded by one chunk and one line.
 */
export async function* readLog(path: string, options: LogOptions): AsyncGenerator<string> {
  const { last, signal } = options;
  const current = await findTail(path, last);
  if (current === undefined || current.lines < last) {
    const older = await findTail(`${path}.1`, last - (current?.lines ?? 0));
    if (older !== undefined && older.lines > 0) yield* readLines(`${path}.1`, older.offset, signal);
  }
  if (options.follow) yield* follow(path, current?.offset ?? 0, options);
  else if (current !== undefined) yield* readLines(path, current.offset, signal);
}

interface Tail {
  /** Where the last lines begin. */
  readonly offset: number;
  /** How many there are, at most as many as were asked for. */
  readonly lines: number;
}

/** Looks backwards for line ends, one chunk at a time. Undefined where there is no such file. */
async function findTail(path: string, count: number): Promise<Tail | undefined> {
  const file = await findFile(path);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (count <= 0) return { offset: size, lines: 0 };
    return await searchBackwards(file, size, count);
  } finally {
    await file.close();
  }
}

async function searchBackwards(file: FileHandle, size: number, count: number): Promise<Tail> {
  const buffer = Buffer.alloc(chunkBytes);
  let lines = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let index = bytesRead - 1; index >= 0; index -= 1) {
      // The line end at the very end of the file closes the last line and begins none.
      if (buffer[index] !== 0x0a || start + index === size - 1) continue;
      lines += 1;
      if (lines === count) return { offset: start + index + 1, lines };
    }
    end = start;
  }
  return { offset: 0, lines: size === 0 ? 0 : lines + 1 };
}

/** Lines from an offset to where the file ends now; a last line without an end counts. */
async function* readLines(path: string, offset: number, signal: AbortSignal): AsyncGenerator<string> {
  const splitter = createLineSplitter();
  for await (const { text } of readChunks(path, offset)) {
    if (signal.aborted) return;
    yield* splitter.push(text);
  }
  yield* splitter.end();
}

async function* follow(path: string, from: number, options: LogOptions): AsyncGenerator<string> {
  let splitter = createLineSplitter();
  let offset = from;
  while (!options.signal.aborted) {
    const size = await findSize(path);
    if (size < offset) {
      // Truncated: what stands there now was written after the rotation.
      yield* splitter.end();
      splitter = createLineSplitter();
      offset = 0;
    }
    if (size > offset) {
      for await (const chunk of readChunks(path, offset)) {
        yield* splitter.push(chunk.text);
        offset = chunk.end;
      }
    }
    await options.wait(pollIntervalMs, options.signal).catch(() => undefined);
  }
  yield* splitter.end();
}

interface Chunk {
  readonly text: Buffer;
  readonly end: number;
}

async function* readChunks(path: string, offset: number): AsyncGenerator<Chunk> {
  const file = await findFile(path);
  if (file === undefined) return;
  try {
    for (let position = offset; ;) {
      const buffer = Buffer.alloc(chunkBytes);
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield { text: buffer.subarray(0, bytesRead), end: position };
    }
  } finally {
    await file.close();
  }
}

/** Cuts bytes into lines; a character that is cut by a chunk's end is put together again. */
function createLineSplitter() {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    *push(bytes: Buffer): Generator<string> {
      const lines = (rest + decoder.write(bytes)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length < maxLineLength) return;
      yield rest;
      rest = '';
    },
    *end(): Generator<string> {
      const last = rest + decoder.end();
      rest = '';
      if (last !== '') yield last;
    },
  };
}

async function findFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return undefined;
    throw fromFsError(error, path, 'read');
  }
}

async function findSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return 0;
    throw fromFsError(error, path, 'read');
  }
}
