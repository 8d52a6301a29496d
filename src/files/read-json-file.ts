import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { findErrno, fromFsError } from './fs-errors.ts';

// zod/mini brings no words of its own for what it finds, and it is loaded by every command: it starts in a third of the time.
z.config(en());

export interface ReadJsonOptions {
  /** A larger file is refused before it is read. Default 64 MiB: an inventory of a year of blocks has about 5 MB. */
  readonly maxBytes?: number;
  /** The newest `format` that we can read. Default 1. */
  readonly format?: number;
}

/**
 * Reads a JSON file of ours. Undefined where there is none; throws `corrupt-file` where it is too long, no JSON or not as
 * the schema says, `newer-format` where its `format` is a later one than ours, and `io` where it cannot be read.
 */
export async function findJsonFile<T>(
  path: string,
  schema: z.core.$ZodType<T>,
  options: ReadJsonOptions = {},
): Promise<T | undefined> {
  const text = await findTextFile(path, options.maxBytes);
  return text === undefined ? undefined : parseJsonFile(path, text, schema, options.format);
}

/** As findJsonFile, but a missing file is `corrupt-file` too: something else says that it must be there. */
export async function readJsonFile<T>(
  path: string,
  schema: z.core.$ZodType<T>,
  options: ReadJsonOptions = {},
): Promise<T> {
  const value = await findJsonFile(path, schema, options);
  if (value === undefined) throw corrupt(path, 'it is missing');
  return value;
}

/**
 * The text of a regular file of limited length; undefined where there is none. A symbolic link in its place is `io`: what
 * lies in a volume may come from anybody, and must not lead out of it.
 */
export async function findTextFile(path: string, maxBytes = 64 * 2 ** 20): Promise<string | undefined> {
  try {
    // O_NONBLOCK, so that a named pipe in the place of the file does not stop us for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const info = await file.stat();
      if (!info.isFile()) throw corrupt(path, 'it is not a regular file');
      if (info.size > maxBytes) throw corrupt(path, `it has ${info.size} bytes, more than the ${maxBytes} it may have`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return undefined;
    throw fromFsError(error, path, 'read');
  }
}

/** Parses the text of `path`; see findJsonFile for what it throws. */
export function parseJsonFile<T>(path: string, text: string, schema: z.core.$ZodType<T>, format = 1): T {
  const value = parseJson(path, text);
  const found = z.object({ format: z.number() }).safeParse(value);
  if (found.success && found.data.format > format) throw newerFormat(path, found.data.format, format);
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw corrupt(path, result.error.issues.slice(0, 3).map(describeIssue).join('; '));
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and the text may be a secret.
    throw corrupt(path, text.trim() === '' ? 'it is empty' : 'it is not JSON, perhaps cut short');
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.');
  return where === '' ? issue.message : `${where}: ${issue.message}`;
}

function corrupt(path: string, reason: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${path} cannot be used: ${reason}. It was left as it is.`,
    remedy: `Put back ${path} from a copy of the data root.`,
    details: { path, reason },
  });
}

function newerFormat(path: string, found: number, known: number): HoldfastError {
  return new HoldfastError('newer-format', {
    message: `${path} has format ${found}; this Holdfast reads formats up to ${known}. Nothing was changed.`,
    remedy: 'Use the Holdfast that wrote it, or a newer one.',
    details: { path, found, known },
  });
}
