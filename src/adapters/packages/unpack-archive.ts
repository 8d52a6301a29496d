import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Unpack, type ReadEntry } from 'tar';
import { findErrno } from '../../files/fs-errors.ts';

export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export interface UnpackOptions {
  /** An existing empty directory. */
  readonly into: string;
  readonly limits: UnpackLimits;
  readonly signal: AbortSignal;
}

/** An archive that is refused, with what is wrong with it, to be read after its name. */
export class HostileArchive extends Error {
  override readonly name = 'HostileArchive';
}

/**
 * Unpacks a .tar.gz without its one top directory. Throws HostileArchive for a path or a link that leads out, a device,
 * an archive that is damaged, and one that is larger than the limits once it is unpacked. What was written until then
 * stays for the caller to remove, and up to a moment later a last file may still be closed.
 */
export async function unpackArchive(archive: string, options: UnpackOptions): Promise<void> {
  const { into, limits, signal } = options;
  const seen = { bytes: 0, entries: 0 };
  let refused: HostileArchive | undefined;
  const unpack = new Unpack({
    cwd: into,
    strip: 1,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => {
      if (refused !== undefined) return false;
      const reason = judgeEntry(path, entry as ReadEntry, { seen, limits });
      if (reason === undefined) return true;
      refused = new HostileArchive(reason);
      unpack.abort(refused);
      return false;
    },
  });
  try {
    // tar's Unpack is a Writable in all that pipeline uses, and not in its type.
    const sink = unpack as unknown as NodeJS.WritableStream;
    await pipeline(createReadStream(archive), createGunzip(), limitTar(limits), sink, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (refused !== undefined) throw refused;
    // A full disk is not the archive's fault, although tar says so in its own words.
    if (error instanceof HostileArchive || findErrno(error) !== undefined) throw error;
    if (isTarError(error)) throw new HostileArchive(error.message, { cause: error });
    throw error;
  }
}

/**
 * Lets only so much of an unpacked tar pass: headers and padding count for no entry. tar itself would unpack a second layer
 * of compression, and takes minutes for a few MB of zeros in one piece.
 */
function limitTar({ maxBytes, maxEntries }: UnpackLimits): Transform {
  const maxTarBytes = maxBytes + maxEntries * 4096 + 2 ** 20;
  let passed = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      const isPackedAgain = passed === 0 && piece[0] === 0x1f && piece[1] === 0x8b;
      passed += piece.length;
      if (isPackedAgain) done(new HostileArchive('is compressed twice'));
      else if (passed > maxTarBytes) done(new HostileArchive(`unpacks to more than ${maxTarBytes} bytes`));
      else done(null, piece);
    },
  });
}

interface Judging {
  readonly seen: { bytes: number; entries: number };
  readonly limits: UnpackLimits;
}

function judgeEntry(path: string, entry: ReadEntry, { seen, limits }: Judging): string | undefined {
  seen.entries += 1;
  seen.bytes += entry.size;
  if (seen.entries > limits.maxEntries) return `holds more than ${limits.maxEntries} files`;
  if (seen.bytes > limits.maxBytes) return `holds more than ${limits.maxBytes} bytes`;
  if (!isInsidePath(path)) return `holds the path ${JSON.stringify(path)}, which leads out of it`;
  // Nothing in a program's archive needs set-user-id or a file that others can write to.
  const mode = entry.mode ?? 0o644;
  entry.mode = (mode & 0o755) | (entry.type === 'Directory' ? 0o700 : 0o600);
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
    case 'Directory':
      return undefined;
    case 'SymbolicLink':
      return judgeLink(path, posix.join(posix.dirname(path), entry.linkpath ?? ''), entry);
    case 'Link':
      return judgeLink(path, entry.linkpath ?? '', entry);
    default:
      return `holds ${JSON.stringify(path)}, which is neither a file nor a directory`;
  }
}

/** The target is seen from the archive's root, so that a link out of the top directory leads out as well. */
function judgeLink(path: string, target: string, entry: ReadEntry): string | undefined {
  const top = path.split('/')[0] ?? '';
  const clean = posix.normalize(target);
  const isSafe = !posix.isAbsolute(entry.linkpath ?? '/') && (clean === top || clean.startsWith(`${top}/`));
  return isSafe ? undefined : `holds the link ${JSON.stringify(path)}, which leads out of it`;
}

function isInsidePath(path: string): boolean {
  return path !== '' && !posix.isAbsolute(path) && !path.includes('\0') && !path.split(/[/\\]/).includes('..');
}

/** Errors of tar and of zlib carry codes of these forms. */
function isTarError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code, tarCode } = error as { code?: unknown; tarCode?: unknown };
  return tarCode !== undefined || (typeof code === 'string' && /^(TAR_|Z_)/.test(code)) || error.name === 'CwdError';
}
