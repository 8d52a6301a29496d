import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { findErrno } from '../../files/fs-errors.ts';
import { parseCacheText, renderCacheText, type CachedBlocks } from './cache-text.ts';

/** Of one data directory: a year of blocks with a hundred jobs has some ten. */
const mostBytesOfFile = 32 * 2 ** 20;
const mostBytes = 128 * 2 ** 20;
const mostFiles = 1000;
const dayMs = 86_400_000;

const nothing: CachedBlocks = { blocks: [], units: [] };

/**
 * One file for each data directory, of what its whole blocks hold (docs/format/coverage-cache.md). It is only believed where
 * each block's stamps are still the same; whatever is wrong with it is a note, and the blocks are read.
 */
export class CoverageCache {
  /** In words. */
  readonly notes: string[] = [];
  private readonly directory: string;
  private readonly file: string;
  private readonly nowMs: number;

  /** `directory` is the cache's own. */
  constructor(directory: string, dataDirectory: string, nowMs: number) {
    this.directory = directory;
    this.file = join(directory, `${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 32)}.json`);
    this.nowMs = nowMs;
  }

  read(): CachedBlocks {
    try {
      const isOurs = this.isPrivate();
      const text = isOurs ? this.readText() : undefined;
      if (text === undefined) return nothing;
      const found = parseCacheText(text);
      if (found === undefined) this.notes.push(`${this.file} is torn or no cache of ours: it was not used.`);
      return found ?? nothing;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'ENOENT') this.notes.push(`${this.file} could not be read (${errno}): it was not used.`);
      return nothing;
    }
  }

  /** Replaces the file as a whole. What cannot be written is a note. */
  write(blocks: CachedBlocks): void {
    const text = renderCacheText(blocks);
    if (text.length > mostBytesOfFile) {
      this.notes.push(`What is known of these blocks is too much for the cache: ${text.length} bytes.`);
      return;
    }
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      if (!this.isPrivate()) return;
      const half = `${this.file}.${randomBytes(6).toString('hex')}${halfMadeSuffix}`;
      try {
        // Not flushed to the disk: a file that a power cut has torn is found out by its checksum.
        writeFileSync(half, text, { flag: 'wx', mode: 0o600 });
        renameSync(half, this.file);
      } catch (error) {
        rmSync(half, { force: true });
        throw error;
      }
      this.evict();
    } catch (error) {
      this.notes.push(`${this.directory} could not be written (${errnoOf(error)}): the next look takes as long.`);
    }
  }

  /** What somebody else may write to says nothing. */
  private isPrivate(): boolean {
    const info = lstatSync(this.directory);
    const isOwn = process.getuid === undefined || info.uid === process.getuid();
    if (info.isDirectory() && isOwn && (info.mode & 0o022) === 0) return true;
    this.notes.push(`${this.directory} is not a directory that only you can write to: it was not used.`);
    return false;
  }

  private readText(): string | undefined {
    const descriptor = openSync(this.file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const info = fstatSync(descriptor);
      const isOwn = process.getuid === undefined || info.uid === process.getuid();
      if (!info.isFile() || !isOwn || info.size > mostBytesOfFile) {
        this.notes.push(`${this.file} is no cache of ours: it was not used.`);
        return undefined;
      }
      const text = readFileSync(descriptor, 'utf8');
      if (this.nowMs - info.mtimeMs > dayMs) this.touch();
      return text;
    } finally {
      closeSync(descriptor);
    }
  }

  /** So that what is used is not the first to be evicted. */
  private touch(): void {
    try {
      utimesSync(this.file, this.nowMs / 1000, this.nowMs / 1000);
    } catch {
      // It is evicted earlier then.
    }
  }

  /** The oldest files go until the rest fits; what a killed process left half-made goes after a day. */
  private evict(): void {
    const found = readdirSync(this.directory).flatMap((name) => {
      const path = join(this.directory, name);
      const info = lstatSync(path, { throwIfNoEntry: false });
      return info?.isFile() === true ? [{ path, sizeBytes: info.size, mtimeMs: info.mtimeMs }] : [];
    });
    let bytes = 0;
    found
      .sort((one, other) => other.mtimeMs - one.mtimeMs)
      .forEach(({ path, sizeBytes, mtimeMs }, index) => {
        bytes += sizeBytes;
        const isHalf = path.endsWith(halfMadeSuffix);
        const isOver = index >= mostFiles || bytes > mostBytes;
        if (isHalf ? this.nowMs - mtimeMs > dayMs : isOver && path !== this.file) rmSync(path, { force: true });
      });
  }
}

function errnoOf(error: unknown): string {
  const errno = findErrno(error);
  if (errno === undefined) throw error;
  return errno;
}
